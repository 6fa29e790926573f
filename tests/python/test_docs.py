"""The documentation names everything there is, and its links lead somewhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from hedgerow.cli import app
from hedgerow.ledger.store.layout import Table
from hedgerow.ledger.store.problems import Kind
from hedgerow.outward import block_lists, ocsf
from hedgerow.outward import settings as outward_settings
from hedgerow.outward.happenings import KINDS
from hedgerow.outward.metrics import METRICS
from hedgerow.policy import defaults, settings

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
CRATES = ROOT / "crates"
LINK = re.compile(r"!?\[[^\]\n]*\]\(([^)\s]+)\)")
# Made by hand from a running gateway; a clone without it reads as well.
MAY_BE_MISSING = {"docs/images/at-work.png"}


def _page(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


def _source(path: str) -> str:
    return (CRATES / path).read_text(encoding="utf-8")


def _variants(path: str, enumeration: str) -> list[str]:
    """Names of an enumeration's variants, as serde writes them (snake_case)."""
    body = re.search(rf"enum {enumeration} \{{(.*?)\n\}}", _source(path), re.DOTALL)
    assert body is not None, f"{path} has no enum {enumeration} any more"
    names = re.findall(r"^    ([A-Z]\w*)(?:,| \{)", body[1], re.MULTILINE)
    assert names
    return [re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in names]


def _markdown() -> list[Path]:
    return sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md"), ROOT / "examples" / "directory" / "README.md"])


def _commands(command: Any, name: str) -> list[tuple[str, Any]]:
    """Every command below a group; what Typer makes of them has no type of its own that it promises to keep."""
    inner = getattr(command, "commands", None)
    if inner is None:
        return [(name, command)]
    return [found for n, c in inner.items() for found in _commands(c, f"{name} {n}")]


def test_every_metric_is_documented_with_its_labels() -> None:
    page = _page("metrics")
    for metric in METRICS.values():
        name = f"{metric.name}_total" if metric.sort == "counter" else metric.name
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        assert f"| `{name}` | {metric.sort} | {labels} | {metric.sentence} |" in page


def test_everything_that_can_be_told_is_documented() -> None:
    page = (DOCS / "how-to" / "notifications.md").read_text(encoding="utf-8")
    for kind in KINDS.values():
        assert f"| `{kind.name}` | {kind.sentence} |" in page
    for name, (activity, alert) in ocsf.FINDINGS.items():
        row = f"| `{name}` | {activity} {ocsf.ACTIVITIES[activity]} | {'yes' if alert else 'no'} |"
        assert row in _page("ocsf")
    for name, (status, alert) in ocsf.DUTIES.items():
        row = f"| `{name}` | {status} {'Warning' if status == ocsf.WARNING else 'Fail'} | {'yes' if alert else 'no'} |"
        assert row in _page("ocsf")


def test_every_word_of_outward_toml_is_documented() -> None:
    page = (DOCS / "how-to" / "notifications.md").read_text(encoding="utf-8")
    for section, words in outward_settings.SHAPE.items():
        assert not section or f"\n[{section}]\n" in page
        for word in words:
            assert re.search(rf"^(# )?{word} = ", page, re.MULTILINE), word


def test_every_block_list_is_documented() -> None:
    page = (DOCS / "how-to" / "block-lists.md").read_text(encoding="utf-8")
    for name, file in block_lists.FILES.items():
        assert f"| `{name}` | `{file}` |" in page


def test_every_setting_is_documented() -> None:
    page = _page("settings")
    missing = [name for name, _ in settings.table() if f"| `{name}` |" not in page]
    assert not missing


def test_every_command_and_every_flag_is_documented() -> None:
    page = _page("commands")
    missing = []
    for name, command in _commands(typer.main.get_command(app), "hedgerow"):
        section = re.search(rf"^## {re.escape(name)}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
        if section is None:
            missing.append(name)
            continue
        flags = [o for p in command.params for o in [*p.opts, *p.secondary_opts] if o.startswith("-")]
        missing += [f"{name} {flag}" for flag in flags if not re.search(rf"{re.escape(flag)}\b", section[1])]
    assert not missing


def test_every_reason_is_documented() -> None:
    page = _page("reasons")
    listed = re.findall(r'^\s+code: "([^"]+)"', _source("engine/src/judge/reasons.rs"), re.MULTILINE)
    signals = re.findall(r'"(signal\.\w+)"', _source("engine/src/judge/signals.rs"))
    assert len(listed) > 5
    assert len(signals) > 5
    assert [code for code in [*listed, *signals] if f"`{code}`" not in page] == []


def test_the_engine_knows_no_reason_that_is_not_documented() -> None:
    engine = pytest.importorskip("hedgerow._engine")
    page = _page("reasons")
    assert [r["code"] for r in json.loads(engine.reasons()) if f"`{r['code']}`" not in page] == []


def test_no_reason_is_documented_that_is_gone() -> None:
    sources = _source("engine/src/judge/reasons.rs") + _source("engine/src/judge/signals.rs")
    page = _page("reasons")
    told = re.findall(r"^(?:\||\*) `([a-z_]+(?:\.[a-z_]*)?)`", page, re.MULTILINE)
    assert [code for code in told if f'"{code}"' not in sources] == []


def test_every_signal_is_documented() -> None:
    page = _page("signals")
    names = [*defaults.SIGNALS, *_variants("engine/src/doors.rs", "Signal")]
    assert [name for name in names if f"| `{name}` |" not in page] == []


def test_every_page_a_visitor_can_meet_is_documented() -> None:
    page = _page("pages")
    templates = [t.stem for t in sorted((CRATES / "gateway" / "templates").glob("*.html"))]
    assert templates
    assert [name for name in templates if f"`{name}`" not in page] == []


def test_every_kind_of_problem_is_documented() -> None:
    page = _page("problems")
    slugs = re.findall(r'^\s+\w+ = "([a-z-]+)", (\d{3}),', _source("gateway/src/pages/problem.rs"), re.MULTILINE)
    assert slugs
    assert [s for s, code in slugs if f"| `urn:hedgerow:problem:{s}` | {code} |" not in page] == []


def test_every_fault_is_documented_with_what_to_do() -> None:
    page = _page("faults")
    source = _source("gateway/src/faults.rs")
    rows = re.findall(r'\n    \w+ = "(\w+)", (\d+), \w+, "([^"]+)",\s+"([^"]+)",', source)
    assert len(rows) == len(re.findall(r'^\s+\w+ = "\w+", \d{3},', source, re.MULTILINE)) > 0
    assert [row for row in rows if f"| `{row[0]}` | {row[1]} | {row[2]} | {row[3]} |" not in page] == []


def test_every_status_of_ours_is_documented() -> None:
    page = _page("status-codes")
    slugs = re.findall(r'= "[a-z-]+", (\d{3}),', _source("gateway/src/pages/problem.rs"))
    assert {code for code in slugs if f"| {code} |" not in page} == set()


def test_every_kind_of_route_and_every_sensitivity_is_documented() -> None:
    page = _page("people-map")
    kinds = _variants("engine/src/policy/route.rs", "RouteKind")
    assert [word for word in [*kinds, *defaults.SENSITIVITIES] if f"| `{word}` |" not in page] == []


def test_every_kind_and_every_key_of_the_ledger_is_documented() -> None:
    page = _page("ledger")
    source = _source("engine/src/record/entry.rs")
    keys = re.findall(r'#\[serde\(rename = "(\w+)"', source)
    kinds = _variants("engine/src/record/entry.rs", "EntryKind")
    header = re.findall(r"^    pub (\w+):", _source("engine/src/record/header.rs"), re.MULTILINE)
    assert keys
    assert header
    assert [word for word in [*keys, *kinds, *header] if f"`{word}`" not in page] == []


def test_every_key_kind_table_and_problem_of_the_store_is_documented() -> None:
    page = _page("ledger-store")
    sources = [p.read_text(encoding="utf-8") for p in sorted((ROOT / "src/hedgerow/ledger/store").glob("*.py"))]
    kinds = {kind for source in sources for kind in re.findall(r'commit\(\s*"(\w+)"', source)}
    kinds |= {kind for source in sources for kind in re.findall(r'_append\("(\w+)"', source)}
    assert kinds >= {"begin", "compact", "merge", "thin", "forget", "hold", "lift", "deleted", "checkpoint"}
    words = kinds | {kind.value for kind in Kind} | {"previous", "retire", "segments", "people_next", "rule", "record"}
    assert [word for word in sorted(words) if f"`{word}`" not in page] == []
    assert [table.value for table in Table if f"`{table.value}/" not in page] == []


def test_every_word_of_the_control_socket_is_documented() -> None:
    page = _page("control-socket")
    assert [word for word in _variants("gateway/src/control.rs", "Ask") if f"| `{word}` |" not in page] == []


def test_every_fact_a_rule_can_ask_for_is_documented() -> None:
    page = (DOCS / "how-to" / "rules.md").read_text(encoding="utf-8")
    source = _source("engine/src/judge/rules.rs")
    facts = {
        fact
        for body in re.findall(r"^const [A-Z]+: \[&str; \d+\] = \[(.*?)\];", source, re.DOTALL | re.MULTILINE)
        for fact in re.findall(r'"(\w+)"', body)
    }
    assert {"user_agent", "session_age_s", "people_month", "contact"} <= facts
    assert {fact for fact in facts if not re.search(rf"`(?:\w+)?\.{fact}`", page)} == set()


@pytest.mark.parametrize("file", _markdown(), ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading(file: Path) -> None:
    text = re.sub(r"^```.*?^```", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    wrong = []
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (file.parent / path).resolve() if path else file
        if not found.exists():
            if not any(found == ROOT / name for name in MAY_BE_MISSING):
                wrong.append(target)
        elif anchor:
            headings = re.findall(r"^#+ (.+)$", found.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
            if anchor not in slugs:
                wrong.append(target)
    assert not wrong


def test_the_pages_build_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("sphinx")
    command = [sys.executable, "-m", "sphinx", "-q", "-n", "-W", "--keep-going", "-b", "html"]
    built = subprocess.run(
        [*command, "-d", str(tmp_path / "trees"), str(DOCS), str(tmp_path / "html")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "html" / "index.html").is_file()
