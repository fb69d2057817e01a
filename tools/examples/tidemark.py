"""The tasks of the Go command line: issues with attempts at their source, in the words of somebody who works there."""

from __future__ import annotations

from tools.examples.shapes import Failure, Project, Task

KEEP = Task(
    number=19,
    title="Weekly snapshots disappear around New Year",
    prompts=(
        "Issue 19: `prune --keep weekly=4` drops the wrong snapshots at the turn of the year because weekOf divides the day of the "
        "year by seven. Use ISO weeks. internal/keep/keep.go, tests in the same package.",
        "Weeks are wrong in internal/keep (#19). Two new tests fail; make them pass without changing `Plan`.",
        "Fix #19: weekOf must return the ISO week, with the ISO year, so that 29 December and 2 January can be the same week.",
    ),
    source="internal/keep/keep.go",
    hunk='\treturn at.Format("2006") + "-" + string(rune(\'0\'+at.YearDay()/7))',
    versions=(
        '\treturn fmt.Sprintf("%d-%d", at.Year(), at.YearDay()/7)',
        '\treturn fmt.Sprintf("%d-%d", at.Year(), (at.YearDay()+int(at.Weekday()))/7)',
        '\t_, week := at.ISOWeek()\n\treturn fmt.Sprintf("%d-%02d", at.Year(), week)',
        '\tyear, week := at.ISOWeek()\n\treturn fmt.Sprintf("%d-%02d", year, week)',
    ),
    failures=(
        Failure(
            "internal/keep",
            "TestWeekSpansNewYear",
            "keep_test.go",
            "weekOf(2026-01-02) = 2026-0, want 2026-01 as for 2025-12-29",
            31,
        ),
        Failure("internal/keep", "TestPlanKeepsOneAWeek", "keep_test.go", "kept 3 snapshots, want 2", 44),
    ),
    in_ci_only=Failure(
        "internal/keep",
        "TestPlanAgainstRecordedYear",
        "recorded_test.go",
        "week 53: kept 2026-12-27, want 2026-12-31",
        58,
    ),
    scratch=(
        (
            "internal/keep/debug_week.go",
            'package keep\n\nimport "time"\n\nfunc debugWeek(at time.Time) string { return weekOf(at) }\n',
        ),
    ),
    summary="weeks are ISO weeks now, so New Year no longer splits one",
)

SCAN = Task(
    number=24,
    title="A link to a parent folder never ends",
    prompts=(
        "#24: a symbolic link that points to a parent makes scan.Walk recurse until the path is too long. Links to folders must not be "
        "followed; links to files are listed. See internal/scan/scan_test.go.",
        "`tidemark take` hangs on a folder with a looping link (issue 24). Please fix Walk in internal/scan/scan.go.",
        "Issue 24: do not follow links to folders. Dangling links are skipped, not an error. The tests in internal/scan fail now.",
    ),
    source="internal/scan/scan.go",
    hunk="\t\tinfo, err := os.Stat(path)\n\t\tif err != nil {\n\t\t\treturn nil, err\n\t\t}",
    versions=(
        "\t\tinfo, err := os.Lstat(path)\n\t\tif err != nil {\n\t\t\treturn nil, err\n\t\t}",
        "\t\tinfo, err := os.Stat(path)\n\t\tif err != nil {\n\t\t\tcontinue\n\t\t}",
        "\t\tinfo, err := entry.Info()\n\t\tif err != nil || info.Mode()&os.ModeSymlink != 0 {\n\t\t\tcontinue\n\t\t}",
        "\t\tinfo, err := os.Stat(path)\n\t\tlink := entry.Type()&os.ModeSymlink != 0\n\t\tif link && (err != nil || info.IsDir()) {\n\t\t\tcontinue\n\t\t}\n"
        "\t\tif err != nil {\n\t\t\treturn nil, err\n\t\t}",
    ),
    failures=(
        Failure(
            "internal/scan",
            "TestWalkLeavesLinkedFolders",
            "scan_test.go",
            "open loop/loop/loop: too many levels of symbolic links",
            39,
        ),
        Failure(
            "internal/scan", "TestWalkListsLinkedFiles", "scan_test.go", "found [a.txt], want [a.txt link.txt]", 52
        ),
    ),
    in_ci_only=Failure(
        "internal/scan", "TestWalkOnAnotherDevice", "device_test.go", "stat /mnt/loop/lost+found: permission denied", 23
    ),
    scratch=(
        (
            "internal/scan/links.go",
            'package scan\n\nimport "os"\n\nfunc isLink(entry os.DirEntry) bool { return entry.Type()&os.ModeSymlink != 0 }\n',
        ),
    ),
    summary="links to folders are not followed any more",
)

TABLE = Task(
    number=33,
    title="Columns with umlauts are crooked",
    prompts=(
        "Issue 33: table.Format counts bytes, so names with umlauts or emoji push their columns. Count what is seen. Tests in "
        "internal/table/table_test.go.",
        "Columns are crooked for non-ASCII names (#33). Fix the width in internal/table/table.go; wide CJK characters count two.",
        "#33: align by display width, not bytes. Combining accents count nothing. Standard library only.",
    ),
    source="internal/table/table.go",
    hunk="\t\t\tif len(cell) > widths[column] {\n\t\t\t\twidths[column] = len(cell)\n\t\t\t}",
    versions=(
        "\t\t\tif len([]rune(cell)) > widths[column] {\n\t\t\t\twidths[column] = len([]rune(cell))\n\t\t\t}",
        "\t\t\tif utf8.RuneCountInString(cell) > widths[column] {\n\t\t\t\twidths[column] = utf8.RuneCountInString(cell)\n\t\t\t}",
        "\t\t\tif len(cell)/2 > widths[column] {\n\t\t\t\twidths[column] = len(cell) / 2\n\t\t\t}",
        "\t\t\tif width(cell) > widths[column] {\n\t\t\t\twidths[column] = width(cell)\n\t\t\t}",
    ),
    failures=(
        Failure(
            "internal/table",
            "TestFormatCountsWideCharacters",
            "table_test.go",
            'got "日本  1\\nab  2\\n", want "日本  1\\nab    2\\n"',
            22,
        ),
        Failure(
            "internal/table",
            "TestFormatIgnoresCombining",
            "table_test.go",
            'got "e\\u0301   1\\n", want "e\\u0301  1\\n"',
            31,
        ),
    ),
    in_ci_only=Failure(
        "internal/table", "TestFormatGolden", "golden_test.go", "testdata/list.golden differs in line 4", 17
    ),
    scratch=(
        ("internal/table/width.go", "package table\n\nfunc width(cell string) int { return len([]rune(cell)) }\n"),
    ),
    summary="columns are aligned by what is seen",
)

CONFIG = Task(
    number=37,
    title="Misspelled settings are silently ignored",
    prompts=(
        "#37: an unknown key in the settings file is ignored. Refuse it with file, line and the known keys. Comments start with `#`. "
        "internal/config/config.go.",
        "Settings with a typo do nothing (issue 37). Parse should return an error that names line and key. Tests: internal/config.",
        "Please fix 37 in internal/config/config.go: unknown keys are errors, comments and blank lines are not.",
    ),
    source="internal/config/config.go",
    hunk='\t\tdefault:\n\t\t\t_ = fmt.Sprintf("line %d", number+1)',
    versions=(
        '\t\tdefault:\n\t\t\treturn settings, fmt.Errorf("unknown key %q", key)',
        '\t\tdefault:\n\t\t\treturn settings, fmt.Errorf("line %d: unknown key %q", number, key)',
        '\t\tdefault:\n\t\t\treturn Settings{}, fmt.Errorf("%s: unknown key %q", path, strings.TrimSpace(key))',
        '\t\tcase "":\n\t\tdefault:\n\t\t\treturn settings, fmt.Errorf("%s:%d: unknown key %q; known are root, keep", path, number+1, strings.TrimSpace(key))',
    ),
    failures=(
        Failure(
            "internal/config",
            "TestUnknownKeyNamesItsLine",
            "config_test.go",
            'error is "unknown key \\"kep \\"", want it to hold "settings:3"',
            24,
        ),
        Failure(
            "internal/config", "TestCommentsAreNoKeys", "config_test.go", 'unexpected error: unknown key "# root"', 37
        ),
    ),
    in_ci_only=Failure(
        "internal/config", "TestReadmeExampleParses", "readme_test.go", 'README.md:14: unknown key "colour"', 20
    ),
    scratch=(("internal/config/known.go", 'package config\n\nvar known = []string{"root", "keep"}\n'),),
    summary="an unknown key is an error that names its line",
)

DRY = Task(
    number=42,
    title="Say what would be deleted",
    prompts=("#42: add a `--plan` flag in main.go that prints what prune would delete and deletes nothing.",),
    source="main.go",
    hunk="\tfmt.Print(table.Format(rows))",
    versions=(
        "\tif len(os.Args) > 1 {\n\t\tfmt.Print(table.Format(rows))\n\t}",
        '\tfmt.Println("plan:")\n\tfmt.Print(table.Format(rows))',
        '\tif os.Args[1] == "--plan" {\n\t\tfmt.Print(table.Format(rows))\n\t}',
        '\tif slices.Contains(os.Args[1:], "--plan") {\n\t\tfmt.Println("would delete:")\n\t}\n\tfmt.Print(table.Format(rows))',
    ),
    failures=(Failure("internal/config", "TestPlanFlagIsKnown", "config_test.go", 'unknown flag "--plan"', 51),),
    in_ci_only=Failure("internal/config", "TestHelpListsPlan", "help_test.go", "help text lacks --plan", 12),
    scratch=(("plan.go", 'package main\n\nconst planFlag = "--plan"\n'),),
    summary="`--plan` prints what would be deleted",
)

VERSION = Task(
    number=45,
    title="Show the version",
    prompts=("#45: `tidemark --version` should print the module version from the build info. main.go only.",),
    source="main.go",
    hunk='\tsettings, err := config.Parse(os.Getenv("TIDEMARK_CONFIG"))',
    versions=(
        '\tfmt.Println("tidemark dev")\n\tsettings, err := config.Parse(os.Getenv("TIDEMARK_CONFIG"))',
        '\tif len(os.Args) == 2 {\n\t\tfmt.Println("dev")\n\t}\n\tsettings, err := config.Parse(os.Getenv("TIDEMARK_CONFIG"))',
        '\tversion()\n\tsettings, err := config.Parse(os.Getenv("TIDEMARK_CONFIG"))',
        '\tif slices.Contains(os.Args[1:], "--version") {\n\t\tinfo, _ := debug.ReadBuildInfo()\n\t\tfmt.Println("tidemark", info.Main.Version)\n\t\treturn\n\t}\n'
        '\tsettings, err := config.Parse(os.Getenv("TIDEMARK_CONFIG"))',
    ),
    failures=(Failure("internal/config", "TestVersionNeedsNoSettings", "config_test.go", "exit status 2, want 0", 63),),
    in_ci_only=Failure("internal/config", "TestVersionIsStamped", "help_test.go", 'version is "(devel)"', 22),
    scratch=(("version.go", 'package main\n\nconst version = "dev"\n'),),
    summary="`--version` prints what the build info says",
)

PROJECT = Project(
    repository="lumen-orchard/tidemark",
    language="go",
    purpose="dated snapshots of a folder",
    suite=(
        ("internal/keep", ("TestPlanKeepsTheNewestOfADay", "TestPlanIsNewestFirst")),
        ("internal/scan", ("TestWalkIsSorted", "TestWalkFailsOnAMissingRoot")),
        ("internal/table", ("TestFormatAligns", "TestFormatOfNothing")),
        ("internal/config", ("TestMissingFileMeansDefaults", "TestParseTrims")),
    ),
    tasks=(KEEP, SCAN, TABLE, CONFIG, DRY, VERSION),
)
