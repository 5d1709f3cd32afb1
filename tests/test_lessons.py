"""What the lessons show is what there is: code, files, commands and links."""
import pathlib
import re
import shlex
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parent.parent
STEPS = sorted(ROOT.glob("step[0-9][0-9]_*"))


def pages(step):
    """Its lesson: README.md, and in step 4 a page for each part. (CONFORMANCE.md is written by a test.)"""
    return [path for path in sorted(step.glob("*.md")) if path.name != "CONFORMANCE.md"]


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *[page for step in STEPS for page in pages(step)]]

each_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.M | re.S)


def sources(step):
    """By name; in step 4 by the name below lib/, such as cluster/primary.cpp."""
    folders = {step: "", step / "given": "", **{folder: folder.name + "/" for folder in step.glob("lib/*")}}
    return {prefix + path.name: path.read_text() for folder, prefix in folders.items()
            for pattern in ("*.cpp", "*.h") for path in folder.glob(pattern)}


@each_step
def test_code_in_a_lesson_is_in_the_step_or_in_the_one_before(step):
    before = STEPS[max(STEPS.index(step) - 1, 0)]
    code = "\0".join([*sources(step).values(), *sources(before).values()])
    shown = [block for page in pages(step) for block in blocks(page, "cpp")]
    assert len(shown) >= 2
    for block in shown:
        assert block in code, f"not in {step.name}:\n{block}"


def test_the_first_page_shows_the_program_of_step_4():
    shown, = blocks(ROOT / "README.md", "cpp")
    assert shown in (STEPS[3] / "hello.cpp").read_text()


@each_step
def test_a_lesson_names_every_file_that_is_new(step):
    text = "".join(page.read_text() for page in pages(step))
    known = set().union(*(sources(earlier) for earlier in STEPS[:STEPS.index(step)]))
    for name in sorted(set(sources(step)) - known):
        assert name in text or f"`{name.partition('.')[0]}`" in text, name


@each_page
def test_the_files_that_a_page_names_exist(page):
    named = set(re.findall(r"`([\w./-]+\.(?:cpp|h|py))`", page.read_text()))
    for name in named:
        assert any((folder / name).exists()
                   for folder in (page.parent, page.parent / "given", page.parent / "lib", ROOT, *STEPS)), name


@each_page
def test_links_lead_somewhere(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.M | re.S)
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert (page.parent / target).exists(), target


@each_page
def test_the_commands_of_a_page_exist(page):
    """make knows the targets, and the program the options. (Nothing is run here.)"""
    commands = [shlex.split(line) for block in blocks(page, "sh") for line in block.splitlines()]
    for words in commands:
        if words[0] == "make":
            subprocess.run(["make", "-n", *words[1:]], cwd=page.parent, check=True,
                           stdout=subprocess.DEVNULL)
        if "./cluster" in words:
            options = words[words.index("./cluster"):]
            subprocess.run([*options, "--help"], cwd=page.parent, check=True,
                           stdout=subprocess.DEVNULL)
    assert commands or page.name == "CONTRIBUTING.md"


@each_step
def test_every_page_of_a_step_is_reached_from_its_first(step):
    text = (step / "README.md").read_text()
    for page in pages(step):
        assert page.name == "README.md" or f"]({page.name})" in text, page.name


@pytest.mark.parametrize("page", [page for step in STEPS for page in step.glob("part*.md")], ids=lambda page: page.stem)
def test_a_part_is_one_sitting(page):
    """It shows a failure, runs, is read, looked at and checked, and leaves something for the next part."""
    text = page.read_text()
    sections = ["What is missing", "The idea", "Run it", "Read the code", "Look at it", "Check it", "What still does not work"]
    assert [title for title in re.findall(r"^## (.*)$", text, re.M) if title in sections] == sections
    assert blocks(page, "cpp") and blocks(page, "sh")
    assert len(text.splitlines()) <= 270
    commands = [line for block in blocks(page, "sh") for line in block.splitlines() if line.startswith("./")]
    for command in commands:
        name = shlex.split(command)[0]
        assert (page.parent / name).is_file(), name
        assert name == "./cluster" or f"{name[2:]}.cpp" in text, name


def test_the_course_speaks_of_every_step():
    text = (ROOT / "README.md").read_text()
    for step in STEPS:
        assert f"[{step.name}]({step.name})" in text
