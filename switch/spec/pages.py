"""Manual pages of the dialects, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from switch.codec.nested import BerTlv, Fixed, Form, Repeated, SubField, Tagged
from switch.codec.privacy import HIDDEN, PANS
from switch.codec.spec import Coding, Element, Spec
from switch.codec.specfile import standard_elements

DERIVED = "<!-- Derived from the dialects by `python -m switch.spec.derive`; never edited. -->\n"

FRAMES = {
    "2 big": "two bytes, most significant first",
    "2 little": "two bytes, least significant first",
    "4 ascii": "four digits as characters",
    "4 bcd": "four digits in two bytes",
    "4 big": "four bytes, most significant first",
}


def index_page(specs: Iterable[Spec]) -> str:
    """The list of dialects."""
    lines = [
        DERIVED,
        "# ISO 8583 dialects\n",
        "A network's dialect is a file in `switch/specs`. Each has a page here; `elements.md` lists the data elements of",
        "the 1987 edition, from which most dialects start; `vectors/` holds published messages. A type is a class (n",
        "digits, a letters, s special characters, z track, b bytes, x a sign), then a blank and a fixed size, or dots and",
        "a greatest size, which as many digits of length stand before.\n",
        "| dialect | what | length of a frame | header | MTI | bitmaps | digits | text |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for spec in specs:
        header = f"{spec.header.bytes_count} bytes" if spec.header.parts else "none"
        usual = _usual(spec)
        lines.append(
            f"| [{spec.name}]({spec.name}.md) | {spec.title} | {spec.framing.style} | {header} | {spec.mti} "
            f"| {spec.bitmap} | {usual.digits} | {usual.text} |"
        )
    return "\n".join(lines) + "\n"


def elements_page() -> str:
    """The data elements of the 1987 edition."""
    lines = [
        DERIVED,
        "# Data elements of ISO 8583:1987\n",
        "From `switch/specs/elements-1987.toml`. DE 1 is the second bitmap. Of those masked our tools show the size alone,",
        "of account numbers the first six and the last four digits.\n",
        "| DE | name | type | shown |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {number} | {name} | {notation} | {_privacy(number, False)} |"
        for number, (name, notation) in sorted(standard_elements("1987").items())
    ]
    return "\n".join(lines) + "\n"


def spec_page(spec: Spec) -> str:
    """One dialect: frame, header, coding and elements."""
    return (
        "\n".join([DERIVED, f"# {spec.name}: {spec.title}\n", spec.basis, *_wire_lines(spec), *_elements(spec)]) + "\n"
    )


def _wire_lines(spec: Spec) -> Iterator[str]:
    framing, usual = spec.framing, _usual(spec)
    itself = "itself included" if framing.includes_itself else "not counting itself"
    alive = "an empty frame keeps the link alive" if framing.keepalive else "no empty frames"
    yield "## On the wire\n"
    yield "| | |\n|---|---|"
    yield f"| frame | {FRAMES[framing.style]}, {itself}; at most {framing.frame_bytes_max} bytes; {alive} |"
    for part in spec.header.parts:
        said = "the message's length in bytes" if part.message_length else f"`{part.default.hex().upper()}`"
        yield f"| header: {part.name} | {part.bytes_count} bytes, {'always' if part.literal else 'by default'} {said} |"
    yield f"| MTI | {spec.mti} |"
    always = "; the second always" if spec.secondary_always else ""
    yield f"| bitmaps | {spec.bitmap}, {spec.bitmaps} at most{always} |"
    yield f"| digits | {usual.digits} |"
    yield f"| text | {usual.text} |"
    yield f"| lengths | {usual.length}, counting {usual.counts} |"
    yield f"| binary | {usual.binary} |"
    yield f"| behind the last element | {spec.trailer_bytes_max or 'no'} bytes |\n"


def _elements(spec: Spec) -> Iterator[str]:
    usual = _usual(spec)
    yield "## Elements\n"
    yield "| DE | name | type | shown | differs |"
    yield "|---|---|---|---|---|"
    for element in spec.elements.values():
        notes = [] if element.coding == usual else _differences(element.coding, usual)
        notes += ["an amount in minor units"] if element.amount else []
        notes += ["parts, see below"] if element.choices else []
        shown = _privacy(element.number, element.hidden)
        yield f"| {element.number} | {element.name} | {element.notation} | {shown} | {'; '.join(notes)} |"
    yield ""
    for element in spec.elements.values():
        yield from _inside(element)


def _inside(element: Element) -> Iterator[str]:
    for choice in element.choices:
        when = f" of messages {choice.mti}…" if choice.mti else ""
        yield f"### Inside DE {element.number}{when}\n"
        for form in choice.forms:
            yield from _form_lines(form)
        if choice.keep:
            yield "Whatever else stands there is kept unread.\n"


def _form_lines(form: Form) -> Iterator[str]:
    if isinstance(form, BerTlv):
        yield "BER-TLV (EMV book 3, annex B); each primitive tag once, templates kept whole.\n"
    elif isinstance(form, Tagged):
        yield f"Tags of {form.tag_chars} characters, {form.length_digits} digits of length, text; each tag once.\n"
    else:
        fixed: Fixed = form.group if isinstance(form, Repeated) else form
        how = "Groups" if isinstance(form, Repeated) else "One behind the other"
        yield f"{how}; the first {fixed.least} must be there:\n"
        yield "| part | type |\n|---|---|"
        yield from (f"| {part.name} | {_sub_type(part)} |" for part in fixed.parts)
        yield ""
    shown = sorted(form.shows) if isinstance(form, BerTlv | Tagged) else []
    if shown:
        yield f"Shown by our tools: {', '.join(shown)}.\n"


def _sub_type(part: SubField) -> str:
    return f"{part.cls}, all that is left" if part.size is None else f"{part.cls} {part.size}"


def _usual(spec: Spec) -> Coding:
    """The coding of most elements."""
    codings = [element.coding for element in spec.elements.values()]
    return max(codings, key=codings.count)


def _differences(coding: Coding, usual: Coding) -> list[str]:
    words = ("digits", "text", "length", "binary", "counts")
    return [f"{word}: {getattr(coding, word)}" for word in words if getattr(coding, word) != getattr(usual, word)]


def _privacy(number: int, hidden: bool) -> str:
    if hidden or number in HIDDEN:
        return "masked"
    return "6 and 4 digits" if number in PANS else "yes"
