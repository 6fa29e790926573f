"""The small languages inside a policy: addresses, path templates, JSON paths, patterns, limits.

Each `wrong_*` says in a sentence what is wrong with a text, or returns `None`; each `read_*` is only called on texts
that passed.
"""

from __future__ import annotations

import importlib
import ipaddress
import re
from collections.abc import Callable
from typing import Final
from urllib.parse import SplitResult, urlsplit

Step = str | dict[str, str | int]
"""One step of a JSON path, in the engine's form: `"each"`, `{"name": …}` or `{"index": …}`."""

WINDOWS: Final = {"hour": 3_600, "day": 86_400, "month": 30 * 86_400}
_LIMIT: Final = re.compile(r"([0-9][0-9_]{0,9})\s*/\s*([a-z]+)\Z")
_HOST: Final = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z"
)
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}\Z")  # RFC 9110, section 5.6.2
_JSON_NAME: Final = re.compile(r"[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff-]*")


def wrong_name(text: str) -> str | None:
    """Names of sites, routes, fields and rules go into file names and the ledger."""
    if _NAME.match(text):
        return None
    return "a name is made of small letters, digits, `-` and `_`, begins with a letter or digit and has at most 64"


def wrong_token(text: str) -> str | None:
    """Header and cookie names (RFC 9110, section 5.6.2; RFC 6265, section 4.1.1)."""
    return None if _TOKEN.match(text) else "this cannot be the name of a header or cookie"


def wrong_host(text: str) -> str | None:
    """A host a site answers for: a name or an address without port, or `*`."""
    if text == "*":
        return None
    if "://" in text:
        return "a host is written without `http://`"
    if text.startswith("*."):
        return "only a lone `*` is understood, not a pattern; list the hosts"
    bare = text.strip("[]")
    if _is_address(bare):
        return None
    if ":" in text:
        return "a host is written without its port"
    return None if _HOST.match(text.lower()) else "this is not a host name"


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def wrong_network(text: str) -> str | None:
    """A trusted hop: an address or a network in CIDR form."""
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return "this is neither an address nor a network such as 10.0.0.0/8"
    return None


def read_network(text: str) -> str:
    """CIDR form, host bits cleared: `10.1.2.3` becomes `10.1.2.3/32`."""
    return str(ipaddress.ip_interface(text).network)


def wrong_listen(text: str) -> str | None:
    """An address and port to listen on."""
    address, _, port = text.rpartition(":")
    if not address:
        return "an address to listen on needs a port, as in 127.0.0.1:8700"
    if not port.isdecimal() or not port.isascii() or not 0 < int(port) < 65_536:
        return f"`{port}` is not a port between 1 and 65535"
    if not _is_address(address.strip("[]")):
        return f"`{address}` is not an address; names such as localhost are not looked up"
    if ":" in address and not address.startswith("["):
        return "an IPv6 address stands in brackets, as in [::1]:8700"
    return None


def is_loopback(text: str) -> bool:
    """Whether an address, host name or `address:port` is this machine and nothing else."""
    host = text
    if text.startswith("["):
        host = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        host = text.partition(":")[0]
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def wrong_upstream(text: str) -> str | None:
    """Where the site is: `http://host:port` or `https://host`."""
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError as e:
        return f"this is not a URL: {e}"
    if url.scheme not in {"http", "https"}:
        return "the site's address begins with http:// or https://"
    problem: str | None = None
    if not url.hostname:
        problem = "the site's address has no host"
    elif url.path not in {"", "/"} or url.query or url.fragment:
        problem = "the site's address ends after the port: visitors' paths are passed on as they are"
    elif url.username or url.password:
        problem = "names and passwords do not belong into the site's address"
    elif port == 0:
        problem = "0 is not a port"
    elif not _is_address(url.hostname) and not _HOST.match(url.hostname):
        problem = f"`{url.hostname}` is not a host name"
    return problem


def read_upstream(text: str) -> tuple[str, str, int]:
    """Scheme, host, port."""
    url: SplitResult = urlsplit(text)
    return url.scheme, url.hostname or "", url.port or (443 if url.scheme == "https" else 80)


def wrong_template(text: str) -> str | None:
    """A path template, by the rules of the engine's `PathTemplate`."""
    if not text.startswith("/"):
        return "a path begins with `/`"
    if "?" in text or "#" in text:
        return "a path has no query: routes match the path alone, so leave out everything from `?` or `#` on"
    names: list[str] = []
    segments = text[1:].split("/")
    for i, segment in enumerate(segments):
        opening, closing = segment.count("{"), segment.count("}")
        if opening == closing == 0:
            if re.search(r"[<>*]|(^|/):", segment):
                return f"`{segment}` is another tool's pattern; a part that changes is written {{person}} or {{name}}"
            continue
        if opening != 1 or closing != 1 or segment.index("{") > segment.index("}"):
            return f"the part `{segment}` has unmatched or several braces"
        name = segment[segment.index("{") + 1 : segment.index("}")]
        if name.endswith("...") and (len(segment) != len(name) + 2 or i + 1 != len(segments) or name == "..."):
            return f"`{{{name}}}` must be the last part and stand alone between slashes"
        name = name.removesuffix("...")
        if not re.fullmatch(r"[a-z_][a-z0-9_]*", name):
            return f"`{{{name}}}` needs a name of small letters, such as {{person}}"
        names.append(name)
    if len(names) != len(set(names)):
        return "each name in braces may stand once"
    return None


def template_names(text: str) -> list[str]:
    """The names in braces of a template."""
    return [n.removesuffix("...") for n in re.findall(r"\{([^{}]*)\}", text)]


def wrong_json_path(text: str) -> str | None:
    """A JSON path of the small kind the engine reads: names, `[*]`, `[n]`, `['name']`."""
    try:
        read_json_path(text)
    except ValueError as e:
        return str(e)
    return None


def read_json_path(text: str) -> list[Step]:
    """The steps of a JSON path.

    Raises:
        ValueError: with a sentence that says what is not understood.
    """
    if not text.startswith("$"):
        raise ValueError("a JSON path begins with `$`, as in $.results[*]")
    steps: list[Step] = []
    rest = text[1:]
    while rest:
        if rest.startswith(".."):
            raise ValueError("`..` (anywhere below) is not read; write the whole path")
        if rest.startswith("."):
            name = _JSON_NAME.match(rest, 1)
            if name is None:
                raise ValueError(f"after `.` a name must follow, here stands `{rest[1:12]}`")
            steps.append({"name": name.group()})
            rest = rest[name.end() :]
        elif rest.startswith("[*]"):
            steps.append("each")
            rest = rest[3:]
        elif index := re.match(r"\[([0-9]{1,9})\]", rest):
            steps.append({"index": int(index.group(1))})
            rest = rest[index.end() :]
        elif quoted := re.match(r"""\[(?:'([^'\\]+)'|"([^"\\]+)")\]""", rest):
            steps.append({"name": quoted.group(1) or quoted.group(2)})
            rest = rest[quoted.end() :]
        elif rest.startswith("[?"):
            raise ValueError("filters `[?…]` are not read; write the path of all of them with `[*]`")
        else:
            raise ValueError(f"`{rest[:12]}` is not understood; known are .name, ['name'], [0] and [*]")
    if len(steps) > 16:
        raise ValueError("a path has at most 16 steps")
    return steps


def wrong_pattern(text: str) -> str | None:
    """A regular expression whose first group is the identifier."""
    try:
        groups = re.compile(text).groups
    except (re.error, RecursionError, OverflowError) as e:
        return f"this is not a regular expression: {e}"
    if re.search(r"\(\?[=!<]", text) and not re.search(r"\(\?P?<[A-Za-z_]", text):
        return "look-ahead and look-behind are not read: the engine's expressions take linear time"
    if re.search(r"(?<!\\)\\[1-9]", text):
        return "back-references are not read: the engine's expressions take linear time"
    if groups == 0:
        return "the pattern needs a group `( )` around the identifier"
    return None


def wrong_selector(text: str) -> str | None:
    """A CSS selector; the engine says the rest."""
    if text.startswith("$"):
        return "this is a JSON path; it belongs under `json:`"
    if text.startswith(("/", "./")):
        return "this is an XPath; a CSS selector is needed, as in li.member"
    if text.count("[") != text.count("]") or text.count("(") != text.count(")"):
        return "a bracket is open in this selector"
    if "::" in text:
        return "pseudo-elements hold no field; name the element itself"
    return _engine_says("check_selector", text)


def wrong_rule(text: str) -> str | None:
    """A CEL expression over `request`, `identity` and `state`."""
    for opening, closing in ("()", "[]", "{}"):
        if text.count(opening) != text.count(closing) and '"' not in text and "'" not in text:
            return f"`{opening}` and `{closing}` do not match"
    if re.search(r"[^=!<>]=[^=]", re.sub(r"\"[^\"]*\"|'[^']*'", "''", text)):
        return "`=` compares nothing; write `==`"
    if re.search(r"\b(and|or|not)\b", re.sub(r"\"[^\"]*\"|'[^']*'", "''", text)):
        return "CEL writes `&&`, `||` and `!` for and, or, not"
    return _engine_says("check_rule", text)


def wrong_asn_table(path: str) -> str | None:
    """A table of autonomous systems must be there and readable."""
    return _engine_says("check_asn_table", path)


def wrong_token_keys(path: str, algorithms: list[str]) -> str | None:
    """The keys of an application's tokens must be there, readable, and for these algorithms."""
    return _engine_says("check_token_keys", path, algorithms)


def _engine_says(function: str, *text: object) -> str | None:
    """Asks the engine where it is built; a policy can be checked on a machine without it, then with less depth."""
    try:
        engine = importlib.import_module("hedgerow._engine")
    except ImportError:
        return None
    ask: Callable[..., object] | None = getattr(engine, function, None)
    if ask is None:
        return None
    try:
        said = ask(*text)
    except ValueError as e:
        return str(e)
    return None if said is None else str(said)


def wrong_limits(text: str) -> str | None:
    """Limits as a sentence: `40/hour 60/day`."""
    seen: set[str] = set()
    if text.strip().lower() == "unlimited":
        return None
    for part in text.replace(",", " ").split():
        m = _LIMIT.match(part)
        if m is None:
            return f"`{part}` is not a limit; a number of people and a window, as in 40/hour 60/day"
        if m.group(2) not in WINDOWS:
            return f"`{m.group(2)}` is not a window; there are hour, day and month (30 days)"
        if m.group(2) in seen:
            return f"the {m.group(2)} is limited twice"
        seen.add(m.group(2))
    return None if seen else "a limit is missing, as in 40/hour 60/day"


def read_limits(text: str) -> dict[str, int]:
    """Distinct people by window; windows that are absent have no limit."""
    if text.strip().lower() == "unlimited":
        return {}
    found: dict[str, int] = {}
    for part in text.replace(",", " ").split():
        m = _LIMIT.match(part)
        if m:
            found[m.group(2)] = int(m.group(1).replace("_", ""))
    return found
