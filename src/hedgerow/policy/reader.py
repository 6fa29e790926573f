"""Reads a tree by its shape: fills in defaults, and says of every value that does not fit what was meant."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from hedgerow.policy import words
from hedgerow.policy.problem import Place, Report, did_you_mean
from hedgerow.policy.shapes import (
    Choice,
    Either,
    Flag,
    Keyed,
    Limits,
    Many,
    Real,
    Section,
    Setting,
    Shape,
    Short,
    Text,
    Whole,
)
from hedgerow.policy.source import Listing, Node, Scalar, Table
from hedgerow.policy.view import Items, Limit, View


class Reader:
    """Reads one file; everything that is wrong goes into the report, and reading goes on."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def section(self, section: Section, node: Node) -> View | None:
        """Reads a table with known settings."""
        if not isinstance(node, Table):
            first = section.settings[0]
            self.report.add(
                node.place, f"`{section.name}` is a table of settings", f"{first.name}: {_example(first.shape)}"
            )
            return None
        known = [s.name for s in section.settings]
        values: dict[str, object] = {}
        places: dict[str, Place] = {}
        whole = True
        for key, value in node.entries:
            setting = section.setting(key.text)
            if setting is None:
                self._unknown(key, section.name, known)
                continue
            places[key.text] = value.place if not isinstance(value, Scalar) or value.text else key.place
            read = self._setting(setting, value, key.place)
            whole = whole and (read is not None or setting.default is None)
            values[key.text] = read
        for setting in section.settings:
            if setting.name in values:
                continue
            if setting.required:
                self.report.add(
                    node.place,
                    f"`{setting.name}` is missing in this {section.name}: {setting.sentence}",
                    f"{setting.name}: {_example(setting.shape)}",
                )
                whole = False
            else:
                values[setting.name] = self._default(setting, node.place)
        return View(values, places, node.place, section.name, frozenset(places)) if whole else None

    def _setting(self, setting: Setting, node: Node, key: Place) -> object:
        if isinstance(node, Scalar) and node.empty:
            if setting.required:
                self.report.add(key, f"`{setting.name}` has no value", f"{setting.name}: {_example(setting.shape)}")
                return None
            return self._default(setting, key)
        if isinstance(setting.shape, Keyed) and isinstance(setting.shape.keys, Choice) and isinstance(node, Table):
            node = _over(_as_node(setting.default, node.place), node, setting.shape)
        return self.value(setting.shape, node, setting.name)

    def _default(self, setting: Setting, place: Place) -> object:
        if setting.default is None or setting.required:
            return None
        return self.value(setting.shape, _as_node(setting.default, place), setting.name)

    def value(self, shape: Shape, node: Node, name: str) -> object:
        """Reads one value; `None` when it does not fit, with the reason in the report."""
        match shape:
            case Section():
                return self.section(shape, node)
            case Short():
                return self._short(shape, node, name)
            case Either():
                return self._either(shape, node, name)
            case Many():
                return self._many(shape, node, name)
            case Keyed():
                return self._keyed(shape, node, name)
            case Limits():
                return self._limits(shape, node, name)
            case _:
                return self._scalar(shape, node, name)

    def _scalar(self, shape: Text | Whole | Real | Flag | Choice, node: Node, name: str) -> object:
        if not isinstance(node, Scalar):
            what = "a list" if isinstance(node, Listing) else "a table"
            self.report.add(node.place, f"`{name}` is one value, here stands {what}", f"{name}: {_example(shape)}")
            return None
        match shape:
            case Text():
                return self._text(shape, node, name)
            case Whole() | Real():
                return self._number(shape, node, name)
            case Flag():
                flag = node.flag()
                if flag is None:
                    self.report.add(node.place, f"`{name}` is true or false, not `{_cut(node.text)}`", f"{name}: true")
                return flag
            case Choice():
                return self._choice(shape, node, name)

    def _text(self, shape: Text, node: Scalar, name: str) -> str | None:
        if node.empty or not node.text.strip():
            if shape.check is None:
                return node.text
            self.report.add(node.place, f"`{name}` has no value", f"{name}: {_example(shape)}")
            return None
        if len(node.text) > shape.longest:
            self.report.add(
                node.place, f"`{name}` has {len(node.text):,} characters; at most {shape.longest:,} are read"
            )
            return None
        if any(ord(c) < 32 or ord(c) == 127 for c in node.text):
            self.report.add(
                node.place, f"`{name}` holds a line break or control character", f"{name}: {_example(shape)}"
            )
            return None
        wrong = shape.check(node.text) if shape.check else None
        if wrong:
            self.report.add(node.place, f"`{name}: {_cut(node.text)}`: {wrong}", f"{name}: {_example(shape)}")
            return None
        return node.text

    def _number(self, shape: Whole | Real, node: Scalar, name: str) -> int | float | None:
        number = node.integer() if isinstance(shape, Whole) else node.number()
        kind = "a whole number" if isinstance(shape, Whole) else "a number"
        if number is None:
            self.report.add(
                node.place,
                f"`{name}` is {kind} between {shape.low:,} and {shape.high:,}, not `{_cut(node.text)}`",
                f"{name}: {_nearest(shape)}",
            )
            return None
        if not shape.low <= number <= shape.high:
            nearest = shape.low if number < shape.low else shape.high
            self.report.add(
                node.place,
                f"`{name}` is {number:,}; it must be between {shape.low:,} and {shape.high:,}",
                f"{name}: {nearest}",
            )
            return None
        return number

    def _choice(self, shape: Choice, node: Scalar, name: str) -> str | None:
        if node.text in shape.words:
            return node.text
        near = did_you_mean(node.text, shape.words)
        meant = f"; did you mean `{near}`?" if near else ""
        self.report.add(
            node.place,
            f"`{_cut(node.text)}` is not a word for `{name}`{meant}",
            f"{name}: {near}" if near else _one_of(name, shape.words),
        )
        return None

    def _short(self, shape: Short, node: Node, name: str) -> View | None:
        if isinstance(node, Table):
            return self.section(shape.section, node)
        key = Scalar(shape.stands_for, quoted=False, place=node.place)
        setting = shape.section.setting(shape.stands_for)
        if setting is not None and self.value(shape.short, node, name) is None:
            return None
        return self.section(shape.section, Table(((key, node),), node.place))

    def _either(self, shape: Either, node: Node, name: str) -> View | None:
        first = [s.settings[0].name for s in shape.sections]
        example = " or ".join(f"{{{s.settings[0].name}: {_example(s.settings[0].shape)}}}" for s in shape.sections)
        if isinstance(node, Scalar):
            if node.text in shape.words:
                return View({}, {}, node.place, node.text)
            near = did_you_mean(node.text, [*shape.words, *first])
            meant = f"; did you mean `{near}`?" if near else ""
            said = " or ".join([*(f"{name}: {w}" for w in shape.words), example])
            if not shape.words and not near:
                said = f"{name}: {{{first[1 if node.text.startswith('$') else 0]}: {node.text}}}"
            self.report.add(node.place, f"`{name}: {_cut(node.text)}` is not understood{meant}", said)
            return None
        if isinstance(node, Table):
            named = [k for k in first if node.get(k) is not None]
            if len(named) == 1:
                return self.section(shape.sections[first.index(named[0])], node)
            if len(named) > 1:
                self.report.add(
                    node.place, f"`{name}` has both {' and '.join(f'`{n}`' for n in named)}", "one of the two"
                )
                return None
            for key, _ in node.entries:
                near = did_you_mean(key.text, first)
                if near:
                    self.report.add(
                        key.place, f"`{key.text}` is not known here; did you mean `{near}`?", f"{near}: ..."
                    )
                    return None
        self.report.add(node.place, f"`{name}` needs {' or '.join(f'`{n}:`' for n in first)}", example)
        return None

    def _many(self, shape: Many, node: Node, name: str) -> Items | None:
        if not isinstance(node, Listing):
            if not shape.single:
                self.report.add(
                    node.place, f"`{name}` is a list", f"{name}: [...], or one line each, beginning with `- `"
                )
                return None
            node = Listing((node,), node.place)
        if not shape.least <= len(node.items) <= shape.most:
            self.report.add(
                node.place,
                f"`{name}` has {len(node.items)} items; between {shape.least} and {shape.most:,} are allowed",
            )
            return None
        read = [(self.value(shape.of, item, name), item.place) for item in node.items]
        if any(value is None for value, _ in read):
            return None
        return Items(tuple(v for v, _ in read), tuple(p for _, p in read))

    def _keyed(self, shape: Keyed, node: Node, name: str) -> View | None:
        if not isinstance(node, Table):
            self.report.add(
                node.place, f"`{name}` is a table", f"{name}: {{{_example(shape.keys)}: {_example(shape.values)}}}"
            )
            return None
        if len(node.entries) > shape.most:
            self.report.add(node.place, f"`{name}` has {len(node.entries)} entries; at most {shape.most} are read")
            return None
        values: dict[str, object] = {}
        places: dict[str, Place] = {}
        whole = True
        for key, value in node.entries:
            if isinstance(shape.keys, Choice):
                if key.text in shape.keys.elsewhere:
                    why, write = shape.keys.elsewhere[key.text]
                    self.report.add(key.place, f"`{key.text}`: {why}", write)
                    whole = False
                    continue
                if key.text not in shape.keys.words:
                    self._unknown(key, name, list(shape.keys.words))
                    whole = False
                    continue
            elif self._text(shape.keys, key, name) is None:
                whole = False
                continue
            read = self.value(shape.values, value, key.text)
            whole = whole and read is not None
            values[key.text] = read
            places[key.text] = key.place
        return View(values, places, node.place, name, frozenset(places)) if whole else None

    def _limits(self, shape: Limits, node: Node, name: str) -> Limit | None:
        if isinstance(node, Scalar):
            wrong = words.wrong_limits(node.text)
            if wrong:
                self.report.add(node.place, f"`{name}: {_cut(node.text)}`: {wrong}", f"{name}: 40/hour 60/day")
                return None
            limit = words.read_limits(node.text)
        elif isinstance(node, Table):
            limit = {}
            for key, value in node.entries:
                if key.text not in words.WINDOWS:
                    self._unknown(key, name, list(words.WINDOWS))
                    return None
                number = self.value(Whole(0, 4_000_000_000), value, key.text)
                if not isinstance(number, int):
                    return None
                limit[key.text] = number
        else:
            self.report.add(node.place, f"`{name}` is a limit, here stands a list", f"{name}: 40/hour 60/day")
            return None
        if not shape.month and "month" in limit:
            self.report.add(node.place, f"`{name}`: the posture looks at an hour and a day, not at a month")
            return None
        self._order(limit, node.place, name)
        return Limit(limit)

    def _order(self, limit: dict[str, int], place: Place, name: str) -> None:
        written = [w for w in words.WINDOWS if w in limit]
        for shorter, longer in pairwise(written):
            if limit[shorter] > limit[longer]:
                self.report.add(
                    place,
                    f"`{name}`: {limit[shorter]:,} people in the {shorter} can never be reached, "
                    f"because the {longer} allows {limit[longer]:,}",
                    f"{name}: {limit[longer]}/{shorter} {limit[shorter]}/{longer}",
                )

    def _unknown(self, key: Scalar, where: str, known: list[str]) -> None:
        near = did_you_mean(key.text, known)
        if near:
            self.report.add(
                key.place, f"`{_cut(key.text)}` is not known in `{where}`; did you mean `{near}`?", f"{near}: ..."
            )
        else:
            self.report.add(key.place, f"`{_cut(key.text)}` is not known in `{where}`", _one_of("one of", known))


def _as_node(value: object, place: Place) -> Node:
    """A default in the form in which it could have been written, so that it goes the same way."""
    if isinstance(value, dict):
        return Table(tuple((Scalar(str(k), False, place), _as_node(v, place)) for k, v in value.items()), place)
    if isinstance(value, list):
        return Listing(tuple(_as_node(v, place) for v in value), place)
    if isinstance(value, bool):
        return Scalar("true" if value else "false", False, place)
    return Scalar(str(value), isinstance(value, str), place)


def _over(default: Node, written: Node, shape: Shape) -> Node:
    """What was written, laid over the default: a standing or signal that is not mentioned keeps its own."""
    if not (isinstance(shape, Keyed) and isinstance(shape.keys, Choice)):
        return written
    if not isinstance(default, Table) or not isinstance(written, Table):
        return written
    named = {k.text for k, _ in written.entries}
    kept = [(k, v) for k, v in default.entries if k.text not in named]
    laid: list[tuple[Scalar, Node]] = []
    for key, value in written.entries:
        below = default.get(key.text)
        laid.append((key, value if below is None else _over(below, value, shape.values)))
    return Table(tuple(kept + laid), written.place)


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


def _one_of(name: str, known: Iterable[str]) -> str:
    return f"{name}: {', '.join(known)}"


def _nearest(shape: Whole | Real) -> int | float:
    return shape.low if shape.low > 0 else min(1, shape.high)


def _example(shape: Shape) -> str:
    match shape:
        case Text(example=example):
            quote = '"' if example[:1] in "*&!%@`{[$" else ""
            return f"{quote}{example}{quote}"
        case Whole() | Real():
            return str(_nearest(shape))
        case Flag():
            return "true"
        case Choice(words=known):
            return next(iter(known))
        case Limits():
            return "40/hour 60/day"
        case Many(of=of):
            return f"[{_example(of)}]"
        case Keyed(keys=keys, values=values):
            return f"{{{_example(keys)}: {_example(values)}}}"
        case Short(short=short):
            return _example(short)
        case Either(words=known, sections=sections):
            first = sections[0].settings[0]
            return next(iter(known), f"{{{first.name}: {_example(first.shape)}}}")
        case Section(settings=settings):
            inside = ", ".join(f"{s.name}: {_example(s.shape)}" for s in settings if s.required)
            return f"{{{inside or f'{settings[0].name}: {_example(settings[0].shape)}'}}}"
