#!/usr/bin/env python3
"""Checks the house rules that a formatter cannot see.

    check-sources.py                 check everything; list what is wrong, exit with status 1 if anything is
    check-sources.py --count FOLDER  print how many tests the Swift files of FOLDER declare

Rules: every function that looks like a test is marked @Test, no file is too long, and few files of Sources are so short
that a concept lies in pieces; in Sources nothing crashes on purpose and nothing is left for later.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONGEST_FILE = 450
# Shorter than that a file is a shard, as a rule. The few that are not fit into this number.
SHARD = 30
MOST_SHARDS = 10
ATTRIBUTE = re.compile(r"@\w+")
FUNCTION = re.compile(r"^(?P<before>\s*(?:[\w@().,: ]*\s)?)func\s+(?P<name>`[^`]+`|\w+)(?P<after>.*)$")
FORBIDDEN_IN_SOURCES = {
    r"\btry!": "try!",
    r"\bas!": "as!",
    r"\bfatalError\(": "fatalError",
}
LEFT_FOR_LATER = re.compile(r"\b(TODO|FIXME|XXX)\b")


def swift_files(*folders):
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.swift"))


def without_text(source):
    """The source with comments and string literals blanked out, line by line as before."""

    def blank(match):
        raw_identifier = match.group().startswith("`")
        return match.group() if raw_identifier else re.sub(r"[^\n]", " ", match.group())

    pattern = r'`[^`\n]+`|/\*.*?\*/|//[^\n]*|(#*)""".*?"""\1|(#+)".*?"\2|"(?:\\.|[^"\\\n])*"'
    return re.sub(pattern, blank, source, flags=re.DOTALL)


def functions(source):
    """Yields (line number, name, modifiers and attributes, parameters onwards) of each function declared."""
    lines = without_text(source).splitlines()
    written = source.splitlines()
    for index, line in enumerate(lines):
        match = FUNCTION.match(line)
        if not match:
            continue
        # Attributes may stand on the lines before; they reach back to the end of the declaration before them.
        # A line that is nothing but a string literal was blanked out and is no blank line.
        before = [match["before"]]
        for earlier, text in zip(reversed(lines[:index]), reversed(written[:index])):
            stripped = earlier.strip()
            if not text.strip() or stripped.endswith(("}", "{", ";")) and not stripped.startswith("@"):
                break
            before.append(earlier)
        yield index + 1, match["name"], "\n".join(reversed(before)), match["after"]


def tests_without_attribute(path):
    source = path.read_text(encoding="utf-8")
    for number, name, before, after in functions(source):
        if re.search(r"@Test\b", before):
            continue
        bare = name.strip("`")
        hidden = re.search(r"\b(private|fileprivate|static|override)\b", before)
        looks_like_test = " " in bare or bare.startswith("test")
        lonely = after.startswith("()") and "->" not in after and "@Test" in source and not hidden
        if looks_like_test or (lonely and before.startswith("    ") and not before.startswith("     ")):
            yield number, name


def count_tests(folder):
    return sum(
        len(re.findall(r"@Test\b", without_text(path.read_text(encoding="utf-8")))) for path in swift_files(folder)
    )


def violations():
    for path in swift_files("Tests"):
        for number, name in tests_without_attribute(path):
            yield path, number, f"{name} looks like a test but is not marked @Test"
    for path in swift_files("Sources", "Tests", "Benchmarks"):
        length = len(path.read_text(encoding="utf-8").splitlines())
        if length > LONGEST_FILE:
            yield path, length, f"more than {LONGEST_FILE} lines: one concept per file"
    # The steps of a tutorial are short on purpose.
    parts = [path for path in swift_files("Sources") if ".docc" not in str(path)]
    shards = [path for path in parts if len(path.read_text(encoding="utf-8").splitlines()) < SHARD]
    if len(shards) > MOST_SHARDS:
        for path in shards:
            yield path, 1, f"one of {len(shards)} files under {SHARD} lines, at most {MOST_SHARDS} may be: join it to its user"
    for path in swift_files("Sources"):
        source = path.read_text(encoding="utf-8")
        for number, (line, code) in enumerate(zip(source.splitlines(), without_text(source).splitlines()), 1):
            for pattern, name in FORBIDDEN_IN_SOURCES.items():
                if re.search(pattern, code):
                    yield path, number, f"{name} has no place in Sources"
            if LEFT_FOR_LATER.search(line):
                yield path, number, "nothing is left for later in Sources"


def main(arguments):
    if arguments[:1] == ["--count"] and len(arguments) == 2:
        print(count_tests(arguments[1]))
        return 0
    if arguments:
        sys.exit(__doc__)
    found = list(violations())
    for path, number, text in found:
        print(f"{path.relative_to(ROOT)}:{number}: {text}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
