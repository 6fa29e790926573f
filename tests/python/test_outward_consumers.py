"""Block lists in the programs they are for: what the how-to says, carried out by nftables, fail2ban and CrowdSec.

Where a program is not installed, its tests are skipped and say so. Nothing of this machine is changed: nftables works
in a network namespace of its own, the other two with folders, sockets and ports of their own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from hedgerow.outward import block_lists
from hedgerow.outward.block_lists import FILES, Refused

DOCS = Path(__file__).parent.parent.parent / "docs" / "how-to" / "block-lists.md"
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
ADDRESS, NETWORK, SUBNET6, NETWORK6 = "93.184.215.14", "8.8.8.0/24", "2606:4700:1:2::/64", "2606:2800:220::/48"
EVERY = {ADDRESS, NETWORK, SUBNET6, NETWORK6}
HOURS = {ADDRESS: 1, NETWORK: 2, SUBNET6: 3, NETWORK6: 4}


def needs(program: str) -> pytest.MarkDecorator:
    found = shutil.which(program, path=PATH)
    return pytest.mark.skipif(found is None, reason=f"{program} is not installed")


def script(name: str) -> str:
    """A script as the how-to has it."""
    found = re.search(rf"`/usr/local/sbin/{name}`.*?\n```sh\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None, f"the how-to has no {name} any more"
    return found[1]


def write(folder: Path, *where: str) -> None:
    now = datetime.now(UTC)
    ends = [Refused(w, now - timedelta(minutes=5), now + timedelta(hours=HOURS[w]), "measure") for w in where]
    block_lists.write(folder, FILES, ends, now)


def run(*command: str, **more: str) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env={**os.environ, "PATH": PATH, **more}
    )
    assert done.returncode == 0, f"{command}: {done.stdout} {done.stderr}"
    return done.stdout


def installed(folder: Path, name: str) -> str:
    path = folder / name
    path.write_text(script(name))
    path.chmod(0o755)
    return str(path)


# --- nftables


def nft(*steps: str) -> str:
    """Steps in a network namespace of their own, whose firewall nobody else has."""
    probe = subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False)
    if probe.returncode != 0:
        pytest.skip("this machine allows no network namespace of one's own")
    return run("unshare", "-rn", "sh", "-euc", "\n".join(steps))


def elements(listed: str) -> dict[str, int]:
    """Elements of both sets with the seconds they have left."""
    found = {}
    for entry in json.loads(listed)["nftables"]:
        for one in entry.get("set", {}).get("elem", []):
            value = one["elem"]["val"]
            plain = value if isinstance(value, str) else f"{value['prefix']['addr']}/{value['prefix']['len']}"
            found[plain] = one["elem"]["expires"]
    return found


@needs("nft")
def test_nftables_loads_the_list_twice_and_holds_each_until_its_end(tmp_path: Path) -> None:
    write(tmp_path, *EVERY)
    path, load = tmp_path / FILES["nftables"], installed(tmp_path, "hedgerow-to-nftables")
    found = elements(nft(f"nft -c -f {path}", f"{load} {path}", f"{load} {path}", "nft -j list ruleset"))
    assert set(found) == EVERY
    for where, seconds in found.items():
        assert HOURS[where] * 3_600 - 120 < seconds <= HOURS[where] * 3_600


@needs("nft")
def test_nftables_lets_go_what_is_released_and_the_chain_of_the_how_to_stands(tmp_path: Path) -> None:
    load = installed(tmp_path, "hedgerow-to-nftables")
    write(tmp_path / "before", *EVERY)
    write(tmp_path / "after", NETWORK6)
    chain = re.search(r"```sh\n(nft add chain.*?)```", DOCS.read_text(), re.DOTALL)
    assert chain is not None
    before, after = (tmp_path / name / FILES["nftables"] for name in ("before", "after"))
    listed = nft(f"{load} {before}", chain[1], f"{load} {after}", "nft -j list ruleset")
    assert set(elements(listed)) == {NETWORK6}
    assert listed.count('"drop"') == 2


@needs("nft")
def test_nftables_is_not_given_an_old_list(tmp_path: Path) -> None:
    write(tmp_path, *EVERY)
    path, load = tmp_path / FILES["nftables"], installed(tmp_path, "hedgerow-to-nftables")
    os.utime(path, (time.time() - 600, time.time() - 600))
    assert elements(nft(f"{load} {path} || true", "nft -j list ruleset")) == {}


# --- fail2ban


@pytest.fixture
def jail(tmp_path: Path) -> Iterator[str]:
    """A fail2ban of our own with the jail of the how-to; gives the command that talks to it."""
    folder = tmp_path / "fail2ban"
    for name in ("filter.d", "action.d", "jail.d"):
        (folder / name).mkdir(parents=True)
    found = re.search(r"```ini\n(\[hedgerow\].*?)```", DOCS.read_text(), re.DOTALL)
    assert found is not None
    # What it would tell the firewall of this machine, it writes down.
    jail = re.sub(r"^(banaction|port) = .*$", "", found[1], flags=re.MULTILINE) + "action = noted\n"
    (folder / "jail.conf").write_text(jail)
    (folder / "action.d" / "noted.conf").write_text(
        f"[Definition]\nactionban = echo + <ip> >> {tmp_path}/acts\nactionunban = echo - <ip> >> {tmp_path}/acts\n"
    )
    (folder / "fail2ban.conf").write_text(
        f"[Definition]\nloglevel = INFO\nlogtarget = {tmp_path}/log\nsyslogsocket = auto\nsocket = {folder}/socket\n"
        f"pidfile = {folder}/pid\ndbfile = None\ndbpurgeage = 1d\ndbmaxmatches = 10\nallowipv6 = auto\n"
    )
    client = f"fail2ban-client -c {folder} -s {folder}/socket -p {folder}/pid"
    run(*client.split(), "-t")
    run(*client.split(), "start")
    yield client
    run(*client.split(), "stop")


def banned(client: str) -> set[str]:
    return set(run(*client.split(), "get", "hedgerow", "banip").split())


@needs("fail2ban-client")
def test_fail2ban_bans_what_is_refused_and_unbans_what_is_not_any_more(tmp_path: Path, jail: str) -> None:
    lists, sync = tmp_path / "lists", installed(tmp_path, "hedgerow-to-fail2ban")
    path = str(lists / FILES["fail2ban"])
    write(lists, *EVERY)
    run(sync, path, FAIL2BAN_CLIENT=jail)
    assert banned(jail) == EVERY
    run(sync, path, FAIL2BAN_CLIENT=jail)
    write(lists, NETWORK, SUBNET6)
    run(sync, path, FAIL2BAN_CLIENT=jail)
    assert banned(jail) == {NETWORK, SUBNET6}


@needs("fail2ban-client")
def test_fail2ban_lets_each_go_at_its_end_even_from_an_old_list(tmp_path: Path, jail: str) -> None:
    sync, path = installed(tmp_path, "hedgerow-to-fail2ban"), tmp_path / "fail2ban.log"
    now = datetime.now(UTC)
    line = "{} hedgerow refuse {} until {} measure\n"
    since, over, later = (f"{now + timedelta(hours=h):%Y-%m-%dT%H:%M:%SZ}" for h in (-3, -1, 1))
    path.write_text(line.format(since, ADDRESS, over) + line.format(since, NETWORK6, later))
    run(*jail.split(), "set", "hedgerow", "banip", ADDRESS)
    run(sync, str(path), FAIL2BAN_CLIENT=jail)
    assert banned(jail) == {NETWORK6}


@needs("fail2ban-regex")
def test_the_filter_of_the_how_to_finds_time_and_network_in_every_line(tmp_path: Path) -> None:
    write(tmp_path, *EVERY)
    (tmp_path / "filter.conf").write_text(
        "[Definition]\nfailregex = hedgerow refuse <SUBNET> until\ndatepattern = ^%%Y-%%m-%%dT%%H:%%M:%%SZ\n"
    )
    said = run("fail2ban-regex", str(tmp_path / FILES["fail2ban"]), str(tmp_path / "filter.conf"))
    assert "Lines: 4 lines, 0 ignored, 4 matched, 0 missed" in said
    assert "[4] ^Year-Month-DayT24hour:Minute:SecondZ" in said


# --- CrowdSec


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@pytest.fixture
def crowdsec(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """A local API of our own that talks to nobody; gives cscli for it, and its port."""
    folder, port = tmp_path / "crowdsec", free_port()
    for name in ("etc", "data", "hub"):
        (folder / name).mkdir(parents=True)
    paths = {
        "config_dir": "etc",
        "data_dir": "data",
        "hub_dir": "hub",
        "index_path": "hub/.index.json",
        "simulation_path": "etc/simulation.yaml",
        "notification_dir": "etc",
        "plugin_dir": "etc",
    }
    (folder / "etc" / "simulation.yaml").write_text("simulation: false\n")
    (folder / "etc" / "profiles.yaml").write_text(
        "name: none\nfilters: ['false']\ndecisions: [{type: ban, duration: 1h}]\non_success: break\n"
    )
    (folder / "etc" / "credentials.yaml").touch()
    (folder / "hub" / ".index.json").write_text("{}")
    config = {
        "common": {"daemonize": False, "log_media": "stdout", "log_level": "info", "working_dir": "."},
        "config_paths": {name: str(folder / where) for name, where in paths.items()},
        "cscli": {"output": "human"},
        "db_config": {"log_level": "info", "type": "sqlite", "db_path": str(folder / "data" / "db"), "use_wal": False},
        "plugin_config": {"user": "nobody", "group": "nogroup"},
        "api": {
            "client": {"credentials_path": str(folder / "etc" / "credentials.yaml")},
            "server": {
                "log_level": "info",
                "listen_uri": f"127.0.0.1:{port}",
                "profiles_path": str(folder / "etc" / "profiles.yaml"),
                "console_path": str(folder / "etc" / "console.yaml"),
            },
        },
        "prometheus": {"enabled": False},
    }
    (folder / "config.yaml").write_text(json.dumps(config))
    cscli = f"cscli -c {folder}/config.yaml"
    run(*cscli.split(), "machines", "add", "-a", "-f", str(folder / "etc" / "credentials.yaml"))
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            ["crowdsec", "-c", str(folder / "config.yaml"), "-no-cs"], stdout=log, stderr=subprocess.STDOUT
        ) as process,
    ):
        for _ in range(200):
            if process.poll() is not None:
                pytest.fail((folder / "log").read_text())
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)  # nothing says that it listens but the port itself
        yield cscli, port
        process.terminate()


def blocked(cscli: str, reason: str = "hedgerow/measure") -> dict[str, str]:
    """Decisions of one scenario that are not over: scope by value."""
    lines = run(*cscli.split(), "decisions", "list", "--all", "--limit", "0", "-o", "raw").splitlines()[1:]
    rows = [line.split(",") for line in lines]
    mine = [r[2].partition(":") for r in rows if r[3] == reason and not r[8].startswith("-")]
    return {value: scope for scope, _, value in mine}


@needs("crowdsec")
def test_crowdsec_blocks_what_is_refused_and_lets_go_what_is_not_any_more(
    tmp_path: Path, crowdsec: tuple[str, int]
) -> None:
    cscli, _ = crowdsec
    lists, sync = tmp_path / "lists", installed(tmp_path, "hedgerow-to-crowdsec")
    path = str(lists / FILES["crowdsec-csv"])
    write(lists, *EVERY)
    run(sync, path, CSCLI=cscli)
    assert blocked(cscli) == {ADDRESS: "Ip", NETWORK: "Range", SUBNET6: "Range", NETWORK6: "Range"}
    run(sync, path, CSCLI=cscli)
    listed = run(*cscli.split(), "decisions", "list", "--all", "--limit", "0", "-o", "raw").splitlines()[1:]
    assert len(listed) == len(EVERY), "a second round imports nothing twice"
    run(*cscli.split(), "decisions", "add", "--ip", ADDRESS, "--duration", "1h", "--reason", "somebody-else")
    write(lists, NETWORK, SUBNET6)
    run(sync, path, CSCLI=cscli)
    assert set(blocked(cscli)) == {NETWORK, SUBNET6}
    assert set(blocked(cscli, "somebody-else")) == {ADDRESS}, "what others decided stays"


@needs("crowdsec")
def test_a_guard_that_asks_crowdsec_is_told_of_addresses_inside_of_networks(
    tmp_path: Path, crowdsec: tuple[str, int]
) -> None:
    from httpx2 import get

    cscli, port = crowdsec
    write(tmp_path, *EVERY)
    run(*cscli.split(), "decisions", "import", "--scope", "", "-i", str(tmp_path / FILES["crowdsec-json"]))
    headers = {"X-Api-Key": run(*cscli.split(), "bouncers", "add", "firewall", "-o", "raw").strip()}
    here = f"http://127.0.0.1:{port}/v1/decisions"
    for where in EVERY:
        inside = str(ip_network(where)[-1])
        (found,) = get(here, params={"ip": inside}, headers=headers).json()
        assert (found["value"], found["type"], found["scenario"]) == (where, "ban", "hedgerow/measure")
    assert get(here, params={"ip": "9.9.9.9"}, headers=headers).json() is None
    scopes = {"startup": "true", "scopes": "Ip,Range"}
    streamed = get(f"{here}/stream", params=scopes, headers=headers).json()
    assert {d["value"] for d in streamed["new"]} == EVERY
