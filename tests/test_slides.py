"""The deck shows what there is: code from the sources, files that exist, pictures that are told in
words. (tests/more/test_deck.py builds it, and runs its demos.)"""
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parent.parent
SLIDES = ROOT / "slides"
DECK = SLIDES / "slides.md"

SLIDE = """## A slide

{body}

<!-- notes minutes=1
- Note: nothing.
-->
"""
SOURCE = "void one() {\n  if (true) {\n  }\n}\n\nvoid two() {\n}\n"
LISTING = '```cpp file=../source.cpp from="{start}" to="}}"{more}\n{text}\n```'
ONE = "void one() {\n  if (true) {\n  }\n}"


@pytest.fixture
def build(tmp_path):
    """A function that checks a deck of one slide, whose listings are from source.cpp."""
    folder = tmp_path / "slides"
    folder.mkdir()
    for name in ("build.mjs", "deck.mjs"):
        shutil.copy(SLIDES / name, folder)
    (tmp_path / "source.cpp").write_text(SOURCE)

    def check(body, *options, deck=SLIDE):
        (folder / "slides.md").write_text(deck.format(body=body))
        return run("node", "build.mjs", *(options or ["--check"]), cwd=folder)

    check.deck = folder / "slides.md"
    return check


def run(*command, cwd=SLIDES):
    return subprocess.run(command, cwd=cwd, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)


# ---- The deck

def test_the_listings_equal_the_sources():
    result = run("node", "build.mjs", "--check")
    assert result.returncode == 0, result.stdout
    counts = re.search(r"(\d+) slides, (\d+) minutes, (\d+) listings, (\d+) pictures",
                       result.stdout)
    slides, minutes, listings, pictures = map(int, counts.groups())
    assert slides >= 12 and minutes >= slides and listings >= 6 and pictures >= 4


def test_every_picture_is_shown_and_is_told_in_words():
    shown = dict(re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", DECK.read_text()))
    assert {SLIDES / path for path in shown.values()} == set(SLIDES.glob("pictures/*"))
    for words, path in shown.items():
        assert len(words) > 60, path
        picture = (SLIDES / path).read_text()
        assert re.search(r"<title id=.title.>\S", picture), path
        assert re.search(r"<desc id=.desc.>\S", picture), path
        assert "prefers-color-scheme: dark" in picture, path


@pytest.mark.parametrize("page", [DECK, SLIDES / "README.md"], ids=lambda page: page.name)
def test_the_files_that_it_names_exist(page):
    text = page.read_text()
    named = set(re.findall(r"`((?:[\w-]+/)*[\w-]+\.(?:cpp|h|py|md|mjs|css))`", text))
    for name in named:
        assert any((folder / name).exists()
                   for folder in (SLIDES, ROOT, *ROOT.glob("step[0-9][0-9]_*"))), name
    for name in re.findall(r"\bstep\d\d_\w+", text):
        assert (ROOT / name).is_dir(), name


def test_it_speaks_of_every_step():
    text = DECK.read_text()
    for step in ROOT.glob("step[0-9][0-9]_*"):
        assert f"file=../{step.name}/" in text, f"no listing of {step.name}"
        assert re.search(rf"^\$ cd (\.\./)?{step.name} ", text, re.M), f"no demo of {step.name}"


def test_no_host_is_named_in_the_lockfile():
    lockfile = (SLIDES / "package-lock.json").read_text()
    assert '"resolved"' not in lockfile
    assert lockfile.count('"integrity"') == lockfile.count('"node_modules/')


# ---- The check itself: each mistake is found

@pytest.mark.parametrize("body, complaint", [
    (LISTING.format(start="void none(", more="", text=""), "no line of ../source.cpp starts with"),
    (LISTING.format(start="void ", more="", text=""), "2 lines of ../source.cpp start with"),
    (LISTING.format(start="void one", more="", text="void one() {}"), "differs from ../source.cpp"),
    (LISTING.format(start="}", more="", text="}"), "lines of ../source.cpp start with"),
    (LISTING.format(start="void one", more=" lines=2|5", text=ONE), "past the end"),
    ('```cpp file=../gone.cpp from="int" to="}"\n```', "there is no ../gone.cpp"),
    ('```cpp file=../source.cpp\n```', 'without from="..."'),
    ('```cpp file=../source.cpp from="void one" to="end"\n```', "no line is: end"),
    ("```console\n" + "$ x\n" * 17 + "```", "17 lines of code, 16 fit"),
    ("```console\n$ " + "x" * 87 + "\n```", "a line of 89 columns, 88 fit"),
    ("![](source.svg)", "source.svg: no alternative text"),
    ("![words](source.svg)", "there is no source.svg"),
    ("---", "a slide without a title"),
    ("---\n\n## More", "without notes"),
])
def test_a_mistake_is_found(build, body, complaint):
    result = build(body)
    assert result.returncode == 1
    assert complaint in result.stdout


def test_a_listing_ends_at_the_indentation_of_its_beginning(build):
    result = build(LISTING.format(start="void one", more=" lines=2-3|4", text=ONE))
    assert result.returncode == 0, result.stdout


def test_sync_takes_the_listing_from_the_source(build):
    result = build(LISTING.format(start="if (true", more="", text="something old"), "--sync")
    assert result.returncode == 0, result.stdout
    expected = LISTING.format(start="if (true", more="", text="if (true) {\n}")
    assert build.deck.read_text() == SLIDE.format(body=expected)


def test_a_line_in_a_listing_is_no_border_between_slides(build):
    result = build("```console\n$ cat file\n---\n```")
    assert "1 slides" in result.stdout, result.stdout
