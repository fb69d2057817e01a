"""The command line; wires the shell together.

Exit codes: 0 done, 1 for `--fail-on` and lint findings, 2 for what the user can mend (one line on standard error).
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from bot.errors import AwayError, LaterError, UserError

if TYPE_CHECKING:
    from bot.commands.acting import Hand
    from bot.commands.credentials import Credentials
    from bot.commands.running import Shell
    from bot.engine.inbox import Inbox
    from bot.engine.worker import Worker
    from bot.jobs.office import Office

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Reads failed agent runs, mines what keeps going wrong, and proposes measured changes to the agents' harness.",
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Out = Annotated[Path, typer.Option("--out", help="Where reports, pulls, issues and the ledger go.")]
Repo = Annotated[
    list[str] | None,
    typer.Option("--repo", help="[o/r=]DIR: the git repository that gets the branches. May be repeated."),
]
Directory = Annotated[Path | None, typer.Option("--repo", help="The repository, when it is not where the run had it.")]
DEFAULT_OUT = Path("flywheel-out")
INTERRUPTED = 130
PUT_SECONDS = 30.0


@app.command()
def run(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Folders, bundles, transcripts. Default: examples.")
    ] = None,
    repo: Repo = None,
    out: Out = DEFAULT_OUT,
    as_json: Json = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be done and write nothing.")] = False,
    fail_on: Annotated[
        Literal["never", "actionable"], typer.Option("--fail-on", help="Exit 1 when there is an actionable pattern.")
    ] = "never",
) -> None:
    """A turn over agent runs on disk: what keeps going wrong, and ready harness changes as branches."""
    from bot.commands import running

    request = running.Request(tuple(paths or ()), tuple(repo or ()), out, dry_run)
    finished = running.run(request, _shell(as_json))
    if as_json:
        _print_json(finished.record)
    else:
        from bot.pages import screen

        screen.show_turn(finished.turn, finished.performed, out, dry_run=dry_run)
    _fail(finished.failed)
    if fail_on == "actionable" and any(one.status == "actionable" for one in finished.turn.patterns):
        raise typer.Exit(1)


@app.command()
def read(
    files: Annotated[list[Path], typer.Argument(help="Transcripts, reports, job logs, folders, zips.")],
    against: Annotated[Path | None, typer.Option("--against", help="A passing log of the same job.")] = None,
    as_json: Json = False,
) -> None:
    """What is in a transcript or a report; with --against, which lines of a job log matter."""
    from bot.commands.reading import read_against, read_all
    from bot.forge.checkpoints import checkpoints

    failed: list[str] = []
    records: Iterable[dict[str, Any]]
    records = (read_against(file, against) for file in files) if against else read_all(files, failed, checkpoints)
    for record in records:
        if as_json:
            _print_json(record, indent=None)
        else:
            _print_record(record)
    _fail(failed)


@app.command()
def export(
    files: Annotated[list[Path], typer.Argument(help="Transcripts, folders, zips.")],
    raw: Annotated[bool, typer.Option("--raw", help="Do not redact secrets, mail addresses and home folders.")] = False,
) -> None:
    """Transcripts as ATIF, Harbor's exchange format: one JSON document a line."""
    from bot.commands.exporting import export_all
    from bot.forge.checkpoints import checkpoints

    failed: list[str] = []
    for document in export_all(files, failed, raw, checkpoints):
        _print_json(document, indent=None)
    _fail(failed)


@app.command()
def explain(
    name: Annotated[str, typer.Argument(metavar="ID|PULL", help="A change, branch, pattern, detector or episode.")],
    out: Out = DEFAULT_OUT,
    as_json: Json = False,
) -> None:
    """Why something was proposed or left out, why it has its tier, and what became of it."""
    from bot.commands.explaining import explain as explained

    record = explained(name, out)
    if as_json:
        _print_json(record)
        return
    from bot.pages import screen

    screen.show_explained(record)


@app.command()
def backtest(
    name: Annotated[str, typer.Argument(metavar="GUARD|RULE", help="loop-guard, finish-guard, or a detector's id.")],
    paths: Annotated[list[Path] | None, typer.Argument(help="Recorded runs. Default: examples.")] = None,
    as_json: Json = False,
) -> None:
    """Replay a guard or a rule over recorded calls: where it would have fired, in failures and in passes."""
    from bot.commands.replaying import backtest as replayed
    from bot.commands.wiring import episodes_of, shipped_detectors
    from bot.forge.checkpoints import checkpoints
    from bot.pages import printed

    record = printed.replay(replayed(name, episodes_of(paths or (), checkpoints), shipped_detectors()))
    if as_json:
        _print_json(record)
        return
    _print_record(record)


@app.command()
def lint(
    paths: Annotated[list[Path] | None, typer.Argument(help="Rules, policies, harness files. Default: ours.")] = None,
    diff: Annotated[Path | None, typer.Option("--diff", help="A patch to a harness; `-` reads standard input.")] = None,
    as_json: Json = False,
) -> None:
    """Check rules with their tests, approval policies, harness files, and patches to a harness."""
    from bot.commands.linting import lint_all

    checked: list[str] = []
    problems = list(lint_all(paths or (), diff, checked))
    for problem in problems:
        if as_json:
            _print_json(problem, indent=None)
        else:
            typer.echo(f"{problem['path']}: {problem['code']}: {problem['message']}")
    if problems:
        raise typer.Exit(1)
    if not as_json:
        typer.echo(f"nothing to mend in {len(checked)} file{'s' * (len(checked) != 1)}")


@app.command()
def undo(
    change: Annotated[str, typer.Argument(metavar="ID", help="The change to withdraw.")],
    repo: Directory = None,
    out: Out = DEFAULT_OUT,
    as_json: Json = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be done and write nothing.")] = False,
) -> None:
    """Withdraw a proposed change: its branch goes if it is still ours alone."""
    _close(change, "withdrawn", "", repo, out, as_json, dry_run)


@app.command()
def dismiss(
    change: Annotated[str, typer.Argument(metavar="ID", help="The change that is not wanted.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is remembered and shown.")],
    repo: Directory = None,
    out: Out = DEFAULT_OUT,
    as_json: Json = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be done and write nothing.")] = False,
) -> None:
    """Say no to a change: remembered until the failure comes back at twice the evidence."""
    _close(change, "dismissed", reason, repo, out, as_json, dry_run)


class _Trials(TyperGroup):
    """`flywheel trial RESULTS` is `flywheel trial results RESULTS`; options may stand before the verb."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        verb = next((one for one in args if one in self.commands), "")
        if verb:
            args.remove(verb)
        elif args and "--help" not in args:
            verb = "results"
        return super().parse_args(ctx, [verb, *args] if verb else args)


trials = typer.Typer(cls=_Trials, no_args_is_help=True, rich_markup_mode=None, help="Held-out trials of a change.")
app.add_typer(trials, name="trial")
Verify = Annotated[str, typer.Option("--verify", help="Runs the tests: `pytest -q {tests}`.")]
Prepare = Annotated[str, typer.Option("--prepare", help="Runs before them in each folder: `uv sync`.")]
TASKS = Path(".github/flywheel/tasks.json")
Tasks = Annotated[Path, typer.Option("--tasks", help="The list of open tasks.")]


@trials.command("results")
def trial(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="CSV or JSON, or the reports of both arms.")],
    margin: Annotated[
        float | None, typer.Option("--margin", help="How much worse the guard set may be. Default: 0.1.")
    ] = None,
    registration: Annotated[
        Path | None, typer.Option("--registration", help="What was registered before the trial ran.")
    ] = None,
    sealed: Annotated[Path | None, typer.Option("--sealed", help="The sealed list of the guard set, opened.")] = None,
    as_json: Json = False,
) -> None:
    """What a held-out trial says of a change."""
    from bot.commands import trying

    _show(trying.trial(results, margin, registration, sealed), as_json)


@trials.command("plan")
def trial_plan(
    results: Annotated[Path | None, typer.Argument(metavar="[RESULTS]", help="Your own control runs.")] = None,
    as_json: Json = False,
) -> None:
    """How many tasks and runs a trial needs."""
    from bot.commands import trying

    _show_sizes(trying.planned(results), as_json)


@trials.command("register")
def trial_register(
    design: Annotated[Path, typer.Argument(metavar="DESIGN", help="The design, as JSON.")],
    as_json: Json = False,
) -> None:
    """Fix a trial beforehand: print its registration."""
    from bot.commands import trying

    _print_json(trying.register(design))


@trials.command("init")
def trial_init(
    repository: Annotated[Path, typer.Argument(metavar="REPO", help="A local clone with its merges.")],
    verify: Verify,
    sealed: Annotated[Path, typer.Option("--sealed", help="Where the sealed list goes: outside of REPO.")],
    tasks: Tasks = TASKS,
    prepare: Prepare = "",
    issues: Annotated[
        Path | None, typer.Option("--issues", help="What `gh issue list --json number,title,body` printed.")
    ] = None,
    guards: Annotated[int | None, typer.Option("--guards", help="How many to seal. Default: all beyond ten.")] = None,
    checks: Annotated[int, typer.Option("--checks", help="How often each task is checked.")] = 5,
    seconds: Annotated[float, typer.Option("--seconds", help="How long the tests may take.")] = 600.0,
    most: Annotated[int, typer.Option("--most", help="How many tasks at most, newest first.")] = 100,
    as_json: Json = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the tasks and write nothing.")] = False,
) -> None:
    """Make held-out tasks of the merged pulls of a repository, checked for flakiness, with a sealed part."""
    from secrets import token_hex

    from bot.commands import making_tasks
    from bot.forge import workshop

    request = making_tasks.Request(verify, tasks, sealed, prepare, issues, guards, checks, seconds, most)
    shop = workshop.Workshop(repository)
    record, made = making_tasks.init(request, shop, workshop.run, shop.folders(), token_hex(16), _now())
    if not dry_run:
        _write_tasks(made, sealed)
    _show(record, as_json)


@trials.command("rotate")
def trial_rotate(
    sealed: Annotated[Path, typer.Option("--sealed", help="The sealed list.")],
    tasks: Tasks = TASKS,
    out: Out = DEFAULT_OUT,
    as_json: Json = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is due and write nothing.")] = False,
) -> None:
    """Exchange a quarter of the sealed tasks, once a month, and what was looked at too often at once."""
    from bot.commands import rotating_tasks
    from bot.commands.wiring import ledger_of

    record, made = rotating_tasks.rotate(tasks, sealed, ledger_of(out).entries, _now())
    if not dry_run:
        _write_tasks(made, sealed)
    _show(record, as_json)


@trials.command("work")
def trial_work(
    arm: Annotated[Literal["control", "treated"], typer.Option("--arm", help="Which arm this job runs.")],
    commit: Annotated[str, typer.Option("--commit", help="The commit whose harness the agent gets.")],
    agent: Annotated[str, typer.Option("--agent", help="Runs the agent; the task stands in $FLYWHEEL_PROMPT.")],
    verify: Verify,
    results: Annotated[Path, typer.Option("--results", help="The results file to write.")],
    work: Annotated[str, typer.Option("--work", help="As dispatched: tasks and how often.")] = "[]",
    guards: Annotated[int, typer.Option("--guards", help="As dispatched: how many sealed tasks.")] = 0,
    repeats: Annotated[int, typer.Option("--repeats", help="As dispatched: how often each.")] = 0,
    seal: Annotated[str, typer.Option("--seal", help="As dispatched: the sha256 of the sealed list.")] = "",
    stage: Annotated[int, typer.Option("--stage", help="As dispatched: 1 or 2.")] = 1,
    tasks: Tasks = TASKS,
    repository: Annotated[Path, typer.Option("--repo", help="The clone, with its whole history.")] = Path(),
    prepare: Prepare = "",
    seconds: Annotated[float, typer.Option("--seconds", help="How long the agent may take.")] = 1800.0,
    shard: Annotated[str, typer.Option("--shard", help="Which share of the runs: 2/8.")] = "1/1",
    against: Annotated[str, typer.Option("--against", help="The commit of the other arm.")] = "",
    detector: Annotated[str, typer.Option("--detector", help="As dispatched: told of each run if it holds.")] = "",
    as_json: Json = False,
) -> None:
    """Run one arm of one batch of a trial; the sealed list stands in $FLYWHEEL_SEALED."""
    from bot.commands import wiring, working_tasks
    from bot.forge import files, workshop

    known = {one.id: one for one in wiring.shipped_detectors()} if detector else {}
    asked = working_tasks.Request(
        arm, commit, work, guards, repeats, seal, stage, tasks, os.environ.get("FLYWHEEL_SEALED", ""), agent, verify,
        prepare, seconds, shard=working_tasks.shard_of(shard), against=against, detector=known.get(detector),
    )  # fmt: skip
    told = working_tasks.work(asked, workshop.Workshop(repository), workshop.run, _say)
    files.write(results, told.encode())
    _show({"runs": told.count("\n") - 1, "results": str(results)}, as_json)


def _write_tasks(made: Mapping[Path, bytes], sealed: Path) -> None:
    """Both lists; the sealed one is for the eyes of who owns it."""
    from bot.forge import files

    for path, data in made.items():
        files.write(path, data)
        if path == sealed:
            path.chmod(0o600)


def _show(record: dict[str, Any], as_json: bool) -> None:
    if as_json:
        _print_json(record)
        return
    _print_record(record)


def _show_sizes(sizes: Sequence[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        _print_json(sizes)
        return
    from bot.pages import screen

    screen.show_sizes(sizes)


@app.command()
def embed(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Transcripts, or folders of them, beside the agents' own folders.")
    ] = None,
    report: Annotated[list[str] | None, typer.Option("--report", help="A glob of reports. May be repeated.")] = None,
    out: Annotated[Path, typer.Option("--out", help="The bundle: a folder, or a .zip.")] = Path("flywheel-bundle"),
    workspace: Annotated[Path | None, typer.Option("--workspace", help="The work tree. Default: the job's.")] = None,
    task: Annotated[str, typer.Option("--task", help="What the agent was asked to do, by a short name.")] = "",
    agent: Annotated[str, typer.Option("--agent", help="The agent's name, when its transcript does not say.")] = "",
    head_sha: Annotated[str, typer.Option("--head-sha", help="The commit the agent left.")] = "",
    conclusion: Annotated[str, typer.Option("--conclusion", help="How the job stands: success, failure, …")] = "",
    outcome: Annotated[
        Literal["pass", "fail", "none"] | None, typer.Option("--outcome", help="When no report tells it.")
    ] = None,
    places: Annotated[
        bool, typer.Option("--places/--no-places", help="Whether the agents' own folders are looked at.")
    ] = True,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail on any warning; else the job is never failed.")
    ] = False,
    as_json: Json = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be done and write nothing.")] = False,
) -> None:
    """Bundle what a coding agent left behind in CI: transcripts, reports and harness files, without secrets."""
    from bot.commands import embedding
    from bot.signals.embed import Told

    told = Told(task=task, agent=agent, head_sha=head_sha, conclusion=conclusion, outcome=outcome)
    request = embedding.Request(
        tuple(paths or ()), tuple(report or ()), out, workspace, told, places=places, strict=strict, dry_run=dry_run
    )
    record = embedding.embed(request, os.environ, _now())
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in embedding.workflow_commands(record["warnings"]):
            sys.stderr.write(line + "\n")
    if as_json:
        _print_json(record)
        return
    _print_record(record)


@app.command()
def action(
    path: Annotated[
        Path | None, typer.Argument(metavar="[PATH]", help="Of `propose` the bundles, of `apply` the proposal.")
    ] = None,
    mode: Annotated[
        Literal["observe", "propose", "apply"],
        typer.Option("--mode", help="Show the last run; hand over what it would propose; or open that."),
    ] = "observe",
    out: Out = DEFAULT_OUT,
    as_json: Json = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Of `apply`: say what would be opened and write nothing.")
    ] = False,
) -> None:
    """In a workflow: show a run on its page and in the step's outputs, hand over what it proposes, or open that."""
    from bot.commands import acting
    from bot.forge import files
    from bot.jobs.document import FILE

    shell = acting.Shell(_hand, files.write, _now)
    match mode:
        case "observe":
            record = {"summary": acting.act(out, os.environ)}
        case "propose":
            record = acting.propose(path or Path("flywheel-bundle"), out, os.environ, shell)
        case "apply":
            record = acting.apply(path or Path(FILE), os.environ, shell, dry_run=dry_run)
    if as_json:
        _print_json(record)
    else:
        typer.echo(record["summary"])
    _fail(record.get("failed", ()))


@contextmanager
def _hand(repository: str, token: str) -> Iterator[Hand]:
    """One repository through one token. UserError where GitHub does not answer, or wants no more calls."""
    from bot.approval.labels import LABELS
    from bot.commands.credentials import api_of
    from bot.forge.github import hand

    opened = hand.Hand(token, api_of(os.environ), repository, LABELS)
    try:
        yield opened
    except (AwayError, LaterError) as error:
        raise UserError(f"{repository}: GitHub does not answer now ({error}). Run the workflow again later.") from error
    finally:
        opened.close()


@app.command()
def serve(
    host: Annotated[str | None, typer.Option("--host", help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="The port to listen on.")] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=0, max=32, help="Threads that act on deliveries; 0: `flywheel worker` does.")
    ] = 1,
) -> None:
    """Take GitHub's webhooks: verify, keep durably, acknowledge, and act on them."""
    from bot.commands import serving

    serving.need_server("serve")
    from bot.commands.credentials import credentials
    from bot.engine.inbox import BURST_SECONDS, Inbox
    from bot.forge import server, webhook

    who = credentials(os.environ)
    serving.serve(
        serving.settings(os.environ, host, port),
        webhook.secrets_of,
        lambda url: Inbox(url, BURST_SECONDS),
        lambda secrets, inbox, wanted: server.serve(
            server.app(secrets, inbox, app_id=wanted.app_id), wanted.host, wanted.port
        ),
        lambda inbox: _worker(inbox, who, workers) if workers and who else None,
    )


@app.command()
def worker(
    threads: Annotated[int, typer.Option("--threads", min=1, max=32, help="How much is worked on at a time.")] = 4,
    failed: Annotated[bool, typer.Option("--failed", help="Show what was given up, and do nothing else.")] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Take up again what was given up, and end.")] = False,
    as_json: Json = False,
) -> None:
    """Act on the deliveries that `flywheel serve` keeps, beside it or on other hosts; show what could not be done."""
    from bot.commands import serving, working

    serving.need_server("worker")
    from bot.commands.credentials import need_credentials
    from bot.engine.inbox import Inbox

    who = None if failed or retry else need_credentials("worker", os.environ)
    with closing(Inbox(serving.database(os.environ))) as inbox:
        if who:
            working.work(_worker(inbox, who, threads))
            return
        letters = working.failed(inbox)
        count = inbox.retry() if retry else 0
    if as_json:
        _print_json({"failed": letters, "retried": count})
        return
    for line in working.told(letters):
        typer.echo(line)
    typer.echo(f"deliveries taken up again: {count}" if retry else f"given up: {len(letters)}")


@app.command()
def sweep(
    queue: Annotated[
        bool, typer.Option("--queue", help="Leave the visits to `flywheel serve` or `worker`, on the same database.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Look at every repository of the App once, as if a webhook had come for each; what GitHub lost is sent again."""
    from bot.commands import serving, sweeping

    serving.need_server("sweep")
    from bot.commands.credentials import need_credentials
    from bot.engine.inbox import Inbox

    who = need_credentials("sweep", os.environ)
    with closing(Inbox(serving.database(os.environ))) as inbox:
        office = _office(inbox, who)
        record = sweeping.sweep(office, inbox, queue=queue)
    if as_json:
        _print_json(record)
    else:
        _print_record(record)
    _fail(record["failed"])


def _office(inbox: Inbox, who: Credentials) -> Office:
    """The App at work: what knows GitHub, what is kept between visits, the shipped rules."""
    from bot.approval.labels import LABELS
    from bot.commands.credentials import action_of, data_folder, is_paused
    from bot.commands.wiring import shipped_detectors, shipped_policy
    from bot.forge.github.client import App
    from bot.forge.github.download import STORES
    from bot.forge.github.premises import Premises
    from bot.jobs.memory import Memory
    from bot.jobs.office import Office

    return Office(
        premises=Premises(App(who.id, who.private_key, who.api), LABELS, who.stores or STORES),
        memory=Memory(data_folder(os.environ)),
        policy=shipped_policy(),
        detectors=shipped_detectors(),
        put=lambda hint: inbox.put(hint, time.time()).result(30),
        now=_now,
        paused=lambda: is_paused(os.environ),
        action=action_of(os.environ),
    )


def _worker(inbox: Inbox, who: Credentials, threads: int) -> Worker:
    from bot.commands.sweeping import EVERY_SECONDS
    from bot.commands.working import log
    from bot.engine.worker import Chore, Settings, Worker
    from bot.signals.redact import redact

    office = _office(inbox, who)

    def sweep_all() -> None:
        begun = time.time()
        swept = office.sweep()
        inbox.keep_only(swept.installations, begun)
        for missed in swept.missed:
            log({"at": round(time.time(), 3), "what": "missed", "why": redact(missed)})
        inbox.swept(time.time())

    chores = (Chore("sweep", EVERY_SECONDS, sweep_all),)
    return Worker(inbox, office.answer, Settings(threads=threads, chores=chores, redact=redact), log)


@app.command()
def setup(
    organization: Annotated[str, typer.Option("--organization", help="Whose App it is. Default: yours.")] = "",
    webhook: Annotated[str, typer.Option("--webhook", help="Where GitHub reaches `serve`; none: sweeps.")] = "",
    name: Annotated[str, typer.Option("--name", help="The App's name; it can be changed on GitHub's page.")] = "",
    github: Annotated[str, typer.Option("--github", help="GitHub's address, of a server of your own too.")] = "",
    out: Annotated[Path, typer.Option("--out", help="Where its key and settings go.")] = Path("flywheel-app"),
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page, or only print it.")] = True,
    as_json: Json = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the manifest and make nothing.")] = False,
) -> None:
    """Make a GitHub App of your own, in the browser; its key and secret go into files that only you can read."""
    from bot.commands import credentials, setting_up
    from bot.forge import manifest, manifest_server
    from bot.hosting.asked import api_of, web_of

    given = os.environ.get("GITHUB_API_URL") or (api_of(github) if github else "")
    api = credentials.api_of({"GITHUB_API_URL": given})
    web = github or web_of(api)
    hook, called = manifest.hook(webhook), name or f"flywheel-{organization or os.urandom(2).hex()}"
    manifest.address(web, organization, "")
    home = f"{web.rstrip('/')}/{organization}"
    if dry_run:
        _print_json(manifest.manifest(called, "http://127.0.0.1/created", home, hook))
        return
    setting_up.prepare(out)
    with manifest_server.Listener(
        lambda state: manifest.address(web, organization, state),
        lambda back: manifest.manifest(called, back, home, hook),
        lambda code: manifest.convert(api, code),
        lambda made: setting_up.keep(made, out, api),
        organization,
    ) as listener:
        sys.stderr.write(f"Open this page on this machine: {listener.url}\n")
        if browser:
            manifest_server.open_browser(listener.url)
        record = setting_up.record(listener.wait(setting_up.WAIT_S), out)
    if as_json:
        _print_json(record)
        return
    _print_record(record)


@app.command()
def doctor(
    repository: Annotated[str, typer.Argument(metavar="[OWNER/REPO]", help="A repository to look at as well.")] = "",
    as_json: Json = False,
) -> None:
    """What is missing for the App, or the Action's token, to work; each with its mend. Exit 1 when something is."""
    from bot.commands import doctoring, serving
    from bot.commands.wiring import shipped_policy
    from bot.forge import webhook
    from bot.forge.github import health
    from bot.forge.github.client import App
    from bot.jobs.configuration import PATH, SHARED_PATH, SHARED_REPOSITORY

    files = health.Files(PATH, SHARED_REPOSITORY, SHARED_PATH)
    ask = doctoring.Ask(
        app=lambda who, name: health.look(App(who.id, who.private_key, who.api), name, files),
        token=lambda token, api, name: health.look_with_token(token, api, name, files),
        database=_try_database,
        secrets=webhook.secrets_of,
    )
    rows = doctoring.examine(repository, os.environ, shipped_policy(), serving.database(os.environ), ask)
    if as_json:
        _print_json(doctoring.records(rows))
    else:
        for line in doctoring.lines(rows):
            typer.echo(line)
    if not doctoring.is_well(rows):
        raise typer.Exit(1)


def _try_database(url: str) -> None:
    """Begin to write, and write nothing. UserError when that is not possible."""
    from bot.commands import serving

    serving.need_server("doctor")
    from sqlalchemy.exc import SQLAlchemyError

    from bot.engine.database import Database, mended

    database = Database(url)
    try:
        if database.is_file:
            Path(database.name).parent.mkdir(parents=True, exist_ok=True)
        with database.change() as connection:
            connection.exec_driver_sql("SELECT 1")
    except (SQLAlchemyError, OSError) as error:
        raise mended(database.name, error) from error
    finally:
        database.close()


def _close(
    change: str,
    event: Literal["withdrawn", "dismissed"],
    reason: str,
    repo: Path | None,
    out: Path,
    as_json: bool,
    dry_run: bool,
) -> None:
    from bot.commands.closing import close

    record = close(change, event, reason, repo, out, _shell(as_json), dry_run)
    if as_json:
        _print_json(record)
        return
    typer.echo(f"{record['change']}: {record['status']}. {record['detail']}".rstrip())


def _shell(as_json: bool) -> Shell:
    """Everything that touches the world, in one place; progress is shown only when a person is watching."""
    from bot.commands.running import Shell
    from bot.forge import checkpoints, files, git, local, seed
    from bot.pages.screen import watched

    return Shell(
        open_forge=local.LocalForge,
        seed=seed.seed,
        origin=git.origin,
        lock=files.lock,
        write=files.write,
        now=_now,
        watched=(lambda episodes: episodes) if as_json or not sys.stderr.isatty() else watched,
        stored=checkpoints.checkpoints,
        open_stored=checkpoints.open_source,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _print_json(record: Any, indent: int | None = 2) -> None:
    sys.stdout.write(json.dumps(record, ensure_ascii=True, indent=indent) + "\n")


def _print_record(record: dict[str, Any]) -> None:
    from bot.pages import screen

    screen.show_record(record)


def main() -> None:
    """The door: what a user can mend is one line, an interrupt leaves nothing half-written, all else is a bug."""
    _mend_streams()
    try:
        code = _code()
        sys.stdout.flush()
    except BrokenPipeError:
        _let_go()
        code = 0
    except OSError as error:
        if error.filename is not None:
            raise
        _let_go()
        _say(f"standard output cannot be written ({error.strerror or error}). Make room, or send it elsewhere.")
        code = 2
    sys.exit(code)


def _code() -> int:
    """Carry out the command line and give the exit code. BrokenPipeError when nobody reads any more."""
    try:
        app()
    except UserError as error:
        _say(str(error))
        return 2
    except (AwayError, LaterError) as error:
        _say(f"GitHub does not answer now ({error}). Nothing is lost; run it again later.")
        return 2
    except SystemExit as ended:  # NOTE: typer ends so whatever happens, on a broken pipe as well.
        if isinstance(ended.__context__, BrokenPipeError):
            raise ended.__context__ from None
        if ended.code == INTERRUPTED:
            _say("stopped. What was written is whole; run it again to go on.")
        return ended.code if isinstance(ended.code, int) else 0
    return 0


def _mend_streams() -> None:
    """A terminal without Unicode still gets its answer; a stream that the caller closed takes everything and no more.

    https://docs.python.org/3.11/library/sys.html#sys.__stdin__: the streams are None then.
    """
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115 (it lives as long as we do)
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _let_go() -> None:
    """Python flushes standard output once more at its end; whoever read it is gone.

    https://docs.python.org/3.11/library/signal.html#note-on-sigpipe
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(reasons: Sequence[str]) -> None:
    """Say what did not go and end with 2; nothing when all went."""
    for reason in reasons:
        _say(reason)
    if reasons:
        raise typer.Exit(2)


def _say(text: str) -> None:
    """One line on standard error, with nothing in it that would move the cursor or forge a second line."""
    shown = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
    sys.stderr.write(f"flywheel: {shown}\n")


if __name__ == "__main__":
    main()
