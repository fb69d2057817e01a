"""Loop guard: a Claude Code hook payload on stdin in; advice out when edits of a file leave the same failures standing.

Off: FLYWHEEL_LOOP_GUARD=off. Any error: silent, exit 0. When it speaks, its cost, its removal: docs/guards.md.
"""

# mypy: allow-any-generics

import _json  # the C half of json: `import json` itself brings `re` along, 11 ms at every start
import os
import time

EDITORS = "Edit|Write|NotebookEdit"
EVENTS = (("PreToolUse", EDITORS), ("PostToolUse", EDITORS + "|Bash"), ("PostToolUseFailure", "Bash"))
NUDGE = 5
PAUSE = 8
NUDGED = """Flywheel: {n} edits of {file}, and the check fails as before. Reconsider: read all of its output, name what
these edits assume, test that by a small experiment. If the check failed before your task began, say so and go on."""
PAUSED = "Flywheel: {file} is paused after {n} edits that left the same failures. Run the check; then it is free again."
LEADS = "env time timeout uv poetry pdm hatch run exec npx bunx bundle python python3 -m"
TOOLS = "pytest unittest tox nox jest vitest mocha rspec phpunit ctest tsc mypy pyright ruff eslint golangci-lint"
RUNNERS = "go cargo npm pnpm yarn bun deno make just mise gradle gradlew mvn mvnw dotnet swift mix bazel rake"
VERBS = ("test", "build", "check", "lint", "vet", "verify", "typecheck", "clippy", "compile")
CHECKS = (*TOOLS.split(), *(f"{runner} {verb}" for runner in RUNNERS.split() for verb in VERBS))
MARKS = ("FAIL", "ERROR", "error:", "error TS", "error[", "not ok ", "✕ ", "✗ ", "● ", ".go:")


def decide(state: dict, call: dict, nudge: int = NUDGE, pause: int = PAUSE) -> "tuple[dict, str]":
    """Fold a call into the state; say what the agent should hear. Edits count once others were seen to be in vain."""
    try:
        new, text = {"failing": [], "tried": False, "stuck": False, "paused": [], "edits": {}, **state}, ""
        if check := call["check"]:  # green or other failures: start anew; the same failures again: count from here on
            same = bool(check["red"] and check["failing"] and check["failing"] == new["failing"])
            edits = {**new["edits"], **dict.fromkeys(new["paused"], nudge)} if same else {}
            stuck = same and (new["stuck"] or new["tried"])
            new.update(failing=check["failing"], tried=False, stuck=stuck, paused=[], edits=edits)
        for file in call["paths"] if call["kind"] == "edit" else ():
            count = new["edits"].get(file, 0) + 1
            if file in new["paused"]:
                return new, PAUSED.format(file=file, n=count - 1)
            new["tried"] = True
            if new["stuck"] and (count > 1 or len(new["edits"]) < 100):
                new["edits"] = {**new["edits"], file: count}
                new["paused"] = new["paused"] + [file] * (count >= pause)
                text = NUDGED.format(file=file, n=count) if count == nudge else text
        return new, text
    except Exception:
        return {}, ""


def observe(payload: dict, root: str) -> dict:
    """Read a hook payload as the call that `decide` sees. A success has no exit code; a failure says `Exit code N`."""
    given, back, error = payload["tool_input"], payload.get("tool_response") or {}, payload.get("error") or ""
    path, command = given.get("file_path") or given.get("notebook_path") or "", given.get("command") or ""
    lines = (error or f"{back.get('stdout')}\n{back.get('stderr')}")[-60_000:].split("\n")
    named = {line.split(" (")[0].split(" - ")[0].strip()[:200] for line in lines if any(m in line for m in MARKS)}
    parts = command[:4000].replace("\n", ";").replace("&&", ";").replace("|", ";").split(";")
    plain = [[w for w in map(os.path.basename, p.split()) if w not in LEADS.split() and "=" not in w] for p in parts]
    code = int(error.split()[2]) if error.startswith("Exit code ") else 0
    red = bool(named) if "|" in command or ";" in command else code != 0
    ran = any(" ".join(words).startswith(CHECKS) for words in plain) and not given.get("run_in_background")
    call = {"tool": payload["tool_name"], "command": command, "creates": back.get("type") == "create", "exit": code}
    call["check"] = {"red": red, "failing": sorted(named)[:100]} if ran else None
    return {**call, "kind": "shell" if command else "edit", "paths": [path.replace(root + "/", "", 1)] if path else []}


def main() -> None:
    """Answer one hook call; the state is one small file per session in the temp directory, replaced as a whole."""
    root, facts = os.path.realpath(os.environ.get("CLAUDE_PROJECT_DIR") or os.getcwd()), {}
    hooks = {**dict.fromkeys(("object_hook", "object_pairs_hook", "array_hook", "strict")), "parse_int": int}
    scan = _json.make_scanner(type("Hooks", (), {**hooks, "parse_float": float, "parse_constant": float}))  # type: ignore
    dump = _json.make_encoder(None, str, _json.encode_basestring_ascii, None, ": ", ", ", False, False, True)
    try:
        payload = scan(os.fdopen(0, "rb").read(16_000_000).decode("utf-8", "replace").strip(), 0)[0]
        event, call, session = payload["hook_event_name"], observe(payload, root), payload["session_id"]
        path = os.environ.get("TMPDIR", "/tmp") + "/flywheel-loop-" + "".join(filter(str.isalnum, session))[:64]  # noqa: S108
        state = scan(os.read(os.open(path, os.O_CREAT | os.O_NOFOLLOW, 0o600), 1_000_000).decode() or "{}", 0)[0]
        if (deny := event == "PreToolUse") and not set(call["paths"]) & set(state.get("paused", ())):
            return
        state, text = decide(state, call)
        with open(os.open(f"{path}.{os.getpid()}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("".join(dump(state, 0)))
        os.replace(f"{path}.{os.getpid()}", path)
        said = {"permissionDecision": "deny", "permissionDecisionReason": text} if deny else {"additionalContext": text}
        if text:
            print("".join(dump({"hookSpecificOutput": {"hookEventName": event, **said}}, 0)))
            facts = {"act": "pause" if deny else "nudge", "files": call["paths"], "session": session[:64]}
    except Exception as error:
        facts = {"error": type(error).__name__}
    log = os.path.join(root, ".claude", "flywheel-log.jsonl")
    if facts and os.path.realpath(log) == log and os.access(os.path.dirname(log), os.W_OK):
        with open(log, "a", encoding="utf-8") as file:
            line = "".join(dump({"at": int(time.time()), "guard": "loop-guard", **facts}, 0)) + "\n"
            file.write(line * (file.tell() < 256_000))


if __name__ == "__main__" and os.environ.get("FLYWHEEL_LOOP_GUARD", "").lower() != "off":
    main()
