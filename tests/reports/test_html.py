"""The HTML page: what it is made of, and, where a Chromium is installed, how it looks."""

from __future__ import annotations

import base64
import hashlib
import html as entities
import json
import re
import shutil
import struct
import subprocess
import zlib

import pytest

from safeload.core import Excerpt, Location, Status
from safeload.record import replace
from safeload.reports import html
from safeload.reports._html_style import CSS
from safeload.reports._words import hex_rows
from tests.forge.findings import artifact, finding, report, signature, waived
from tests.reports.test_reports import POLICY, hostile_report, page
from tests.reports.test_text import sample

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "p", "bdi", "code", "section",
    "strong", "span", "ul", "li", "b", "nav", "a", "article", "div", "dl", "dt", "dd", "i", "mark", "table",
    "thead", "tbody", "tr", "th", "td", "br", "details", "summary", "ol", "pre", "footer",
}  # fmt: skip


def long_report(number):
    """Findings at all levels, waived ones too, each with its bytes."""
    rules = ("pickle.unlisted-global", "code.python-file", "source.ambiguous", "config.redirect")
    found = [
        finding(
            rules[at % 4],
            at=f"shard-{at // 10:03}/pytorch_model-{at:05}.bin",
            members=("archive/data.pkl",),
            offset=at % 40,
            message=f"imports lib.thing{at}, which no contract lists",
        )
        for at in range(number)
    ]
    made = report(
        POLICY,
        found,
        [artifact(item.location.artifact) for item in found],
        excerpts=[Excerpt(location=item.location, start=0, data=bytes(range(64))) for item in found],
        evidence=[signature(Status.ABSENT)],
    )
    return waived(made, "config.redirect", "W-0007")


@pytest.mark.parametrize(
    "made", [sample(), hostile_report(), long_report(8)], ids=["sample", "hostile", "long"]
)
def test_the_page_is_of_our_own_tags_and_loads_nothing(made):
    """No script, no image, no link that leaves it, no style or handler in an attribute."""
    text = html.render(made)
    tags = page(text).tags
    assert {tag for tag, _ in tags} <= TAGS
    for tag, attributes in tags:
        assert set(attributes) <= {"class", "id", "lang", "charset", "name", "content", "http-equiv", "href"}
        assert tag == "a" or "href" not in attributes
        assert re.fullmatch(r"#[a-z]+-[0-9a-f]{8}", attributes.get("href", "#a-00000000"))
        assert re.fullmatch(r"[a-z -]*", attributes.get("class", ""))
    assert "url(" not in CSS
    assert "@import" not in CSS


def test_the_policy_of_the_page_names_its_one_style():
    """Nothing may run or load, and of styles only this one holds."""
    found = next(
        attributes
        for tag, attributes in page(html.render(sample())).tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    digest = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()
    rules = dict(rule.strip().split(" ", 1) for rule in found["content"].split(";"))
    assert rules == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_tags_are_closed_in_order():
    """Each tag that opens is closed by its own, so that no text of a file moves another part."""
    for made in (sample(), hostile_report()):
        open_tags = []
        for close, name in re.findall(r"<(/?)([a-z0-9]+)", html.render(made)):
            if name in {"meta", "br"}:
                continue
            if close:
                assert open_tags.pop() == name
            else:
                open_tags.append(name)
        assert open_tags == []


def test_findings_stand_with_their_bytes():
    """A hex dump, with the byte of the finding marked in both columns."""
    place = Location(artifact="pytorch_model.bin", members=("archive/data.pkl",), offset=11)
    data = b"\x80\x02c<b>\nsystem\nR." + bytes(4)
    text = html.render(replace(sample(), excerpts=(Excerpt(location=place, start=0, data=data),)))
    assert "73 79 73 74 <mark>65</mark> 6d 0a" in text
    assert "|</i>..c&lt;b&gt;.syst<mark>e</mark>m.R" in text


def test_a_hex_dump_starts_at_its_row():
    """Bytes keep their columns, wherever the excerpt starts."""
    rows = list(hex_rows(Excerpt(location=Location(artifact="a"), start=18, data=b"AB" + bytes(15))))
    assert rows[0] == ("00000010", " " * 6 + "41 42" + " 00" * 12, "  AB" + "." * 12)
    assert rows[1] == ("00000020", "00 00 00".ljust(47), "...".ljust(16))


def test_several_subjects_stand_on_one_page_with_links_of_their_own():
    """No id is used twice."""
    other = report(POLICY, [], [artifact("model.safetensors")], subject="file:/other")
    text = html.join([html.render(sample()), html.render(other)])
    ids = [attributes["id"] for _, attributes in page(text).tags if "id" in attributes]
    assert len(ids) == len(set(ids)) == 7
    links = [attributes["href"][1:] for tag, attributes in page(text).tags if tag == "a"]
    assert sorted(links) == sorted(ids)
    assert text.count("<!doctype") == 1


HARNESS = """<!doctype html><meta charset="utf-8"><body style="margin:0">
<iframe style="border:0;width:{width}px;height:2000px" srcdoc="{page}"></iframe><pre id="out"></pre>
<script>
document.querySelector("iframe").addEventListener("load", event => {{
  const inner = event.target.contentDocument, root = inner.documentElement;
  const style = name => inner.defaultView.getComputedStyle(inner.querySelector(name));
  const wide = [...inner.body.querySelectorAll("*")].filter(item => {{
    if (item.closest(".table, .bytes") && !item.matches(".table, .bytes")) return false;
    return item.getBoundingClientRect().right > root.clientWidth + 0.5;
  }});
  const texts = [...inner.querySelectorAll("h3, .place, dd, td.name")];
  document.getElementById("out").textContent = JSON.stringify({{
    scroll: root.scrollWidth, client: root.clientWidth, height: root.scrollHeight,
    articles: inner.querySelectorAll("article").length, scripts: inner.scripts.length,
    images: inner.images.length, wide: wide.length, paper: style("body").backgroundColor,
    ink: style("body").color, width: style("main").maxWidth,
    empty: texts.filter(item => item.getBoundingClientRect().height < 10).length,
    dark: inner.defaultView.matchMedia("(prefers-color-scheme: dark)").matches,
  }});
}});
</script>"""


def browse(folder, *arguments):
    """Run Chromium over a file, without network and with a profile of its own."""
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
        "--disable-extensions", "--disable-background-networking", f"--user-data-dir={folder / 'profile'}",
        "--virtual-time-budget=5000", *arguments,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.decode()


def measured(folder, text, width, scheme):
    """Layout facts of the page in a frame of this width, as the browser gives them."""
    file = folder / "harness.html"
    file.write_text(HARNESS.format(width=width, page=entities.escape(text)), encoding="utf-8")
    dom = browse(folder, f"--blink-settings=preferredColorScheme={scheme}", "--dump-dom", file.as_uri())
    return json.loads(entities.unescape(re.search(r'<pre id="out">(.*?)</pre>', dom, re.DOTALL)[1]))


def pixels(data):
    """Rows of (red, green, blue) of a PNG as Chromium writes it: 8 bits, colour, not interlaced."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, body = 8, b""
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, chunk = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length
        if kind == b"IHDR":
            width, height, depth, colours, *_, interlaced = struct.unpack(">IIBBBBB", chunk)
        body += chunk if kind == b"IDAT" else b""
    assert (depth, interlaced) == (8, 0)
    size = {2: 3, 6: 4}[colours]
    raw, stride, before = zlib.decompress(body), width * size, bytearray(width * size)
    for row in range(height):
        line = bytearray(raw[row * (stride + 1) + 1 : (row + 1) * (stride + 1)])
        unfilter(raw[row * (stride + 1)], line, before, size)
        yield [tuple(line[at : at + 3]) for at in range(0, stride, size)]
        before = line


def unfilter(kind, line, before, size):
    """https://www.w3.org/TR/png-3/#9Filters"""  # noqa: D415 - a link
    for at in range(len(line)) if kind else ():
        left = line[at - size] if at >= size else 0
        up, corner = before[at], before[at - size] if at >= size else 0
        if kind == 4:
            guess = left + up - corner
            near = [(abs(guess - value), order, value) for order, value in enumerate((left, up, corner))]
            line[at] = (line[at] + min(near)[2]) & 0xFF
        else:
            line[at] = (line[at] + {1: left, 2: up, 3: (left + up) // 2}[kind]) & 0xFF


def brightness(colour):
    red, green, blue = colour
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: apt-get install chromium)")
@pytest.mark.parametrize("number", [1, 500])
@pytest.mark.parametrize(("mode", "scheme"), [("light", 1), ("dark", 0)])
def test_the_page_in_a_browser(tmp_path, number, mode, scheme):
    """Nothing is cut off or overflows at a desktop's and a phone's width, in light and in dark."""
    text = html.render(long_report(number) if number > 1 else sample())
    shown = len(sample().decision.reasons) if number == 1 else number
    for width in (1100, 390):
        facts = measured(tmp_path, text, width, scheme)
        assert facts["scroll"] == facts["client"] == width
        assert (facts["wide"], facts["empty"], facts["scripts"], facts["images"]) == (0, 0, 0, 0)
        assert facts["articles"] == shown
        assert facts["width"] == "1080px", "the style sheet was not applied"
        assert facts["dark"] == (mode == "dark")
        assert facts["height"] > 60 * number
    paper, ink = (tuple(map(int, re.findall(r"\d+", facts[name])[:3])) for name in ("paper", "ink"))
    contrast = brightness(ink) - brightness(paper)
    assert contrast > 150 if mode == "dark" else contrast < -150

    file, shot = tmp_path / "report.html", tmp_path / f"{mode}.png"
    file.write_text(text, encoding="utf-8")
    browse(
        tmp_path, f"--blink-settings=preferredColorScheme={scheme}", f"--screenshot={shot}",
        "--window-size=1100,1400", file.as_uri(),
    )  # fmt: skip
    rows = list(pixels(shot.read_bytes()))
    assert (len(rows[0]), len(rows)) == (1100, 1400)
    assert rows[0][0] == paper
    colours = {colour for row in rows[:600] for colour in row}
    assert len(colours) > 50, "the page is blank"
    assert all(row[at] == paper for row in rows for at in (0, 1, 1098, 1099)), "something reaches the edge"


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: apt-get install chromium)")
def test_hostile_text_in_a_browser(tmp_path):
    """A browser sees no element but ours in it, and every finding; the longest name fits a phone."""
    made = hostile_report()
    text = html.render(made)
    facts = measured(tmp_path, text, 390, 1)
    assert (facts["scroll"], facts["wide"], facts["scripts"], facts["images"]) == (390, 0, 0, 0)
    assert facts["articles"] == len(made.decision.reasons)
    file = tmp_path / "report.html"
    file.write_text(text, encoding="utf-8")
    dom = browse(tmp_path, "--dump-dom", file.as_uri())
    assert {tag for tag, _ in page(dom).tags} <= TAGS
    assert "</script><img src=x onerror=alert(1)>" in page(dom).said
