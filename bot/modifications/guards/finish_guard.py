"""Finish guard: a Claude Code hook payload on stdin in; at the end of a turn, what is still missing out, at most twice.

Off: FLYWHEEL_FINISH_GUARD=off. Any error: silent, exit 0. When it speaks, its cost, its removal: docs/guards.md.
"""

# mypy: allow-any-generics
import _json  # the C half of json: `import json` itself brings `re` along, 11 ms at every start
import os
import time

USED = "Edit|MultiEdit|Write|NotebookEdit|Bash"
EVENTS = (("UserPromptSubmit", ""), ("PostToolUse", USED), ("PostToolUseFailure", "Bash"), ("Stop", ""))
SEND_BACKS = 2
SENT = """Flywheel, before you finish: {why}. The task asked:\n{asked}\nChanged: {changed}. Last check: {check}.
Do what is missing. What does not apply (an older failure, nothing to run): say so in one sentence, and finish."""
CHECKS = """ pytest unittest tox jest vitest mocha rspec phpunit ctest tsc mypy pyright ruff eslint golangci-lint
 test build check lint vet verify typecheck clippy compile """.replace("\n", "")
MARKS = ("FAIL", "error:", "error TS", "error[", "not ok ", "✕ ", "✗ ", " failed,", " failed in ", " failing")
SOURCE = " .py .js .jsx .ts .tsx .go .rs .java .kt .c .h .cc .cpp .cs .rb .php .swift .ex .hs .lua .dart .vue .sh "
LOOKS = " git gh cd ls cat grep rg find head tail sed echo pwd wc which diff mkdir touch chmod cp mv rm pip "
WRITES = (" > ", " >> ", "sed -i", "git apply", "git mv", "patch ", "tee ", "--fix", "--write", "<<")
NEW = {"create", "add", "new", "write", "scaffold", "generate", "build", "make", "start"}


def runs(line: str) -> "list[list[str]]":
    """Give the first words of each command of a shell line that runs something; quoting is not understood."""
    parts = line.split("<<")[0][:4000].replace("\n", ";").replace("&&", ";").replace("|", ";").split(";")
    plain = [[os.path.basename(word) for word in part.split()[:4]] for part in parts]
    return [words for words in plain if words and f" {words[0]} " not in LOOKS]


def decide(state: dict, call: dict, send_backs: int = SEND_BACKS) -> "tuple[dict, str]":
    """Fold a call, a prompt or a stop into the state; say what sends the agent back. A turn without edits is let go."""
    try:
        new = {"prompt": "", "files": {}, "unrun": 0, "fresh": 0, "red": 0, "last": "none", "sent": 0, **state}
        if call["tool"] == "UserPromptSubmit":
            new["prompt"] = new["prompt"] or call["command"][:4000]
        elif call["tool"] == "Stop":
            text = missing(new) if new["fresh"] and not call["active"] and new["sent"] < send_backs else ""
            return {**new, "fresh": 0, "sent": new["sent"] + bool(text)}, text
        elif call["kind"] == "shell":
            new["unrun"] = new["unrun"] and not runs(call["command"])
            if any(mark in call["command"] for mark in WRITES):
                new["files"] = {**new["files"], "files written by shell commands": False}
            if call["check"]:
                new.update(red=call["check"]["red"], last="`{}`, exit {}".format(call["command"][:200], call["exit"]))
        for path in call["paths"] if call["kind"] == "edit" else ():
            if len(new["files"]) < 200 and not path.startswith(("/", "..")):
                source = f" {os.path.splitext(path)[1]} " in SOURCE
                new.update(files={path: call["creates"], **new["files"]})
                new.update(unrun=new["unrun"] or source, fresh=new["fresh"] or source)
        return new, ""
    except Exception:
        return {}, ""


def missing(state: dict) -> str:
    """Say what a turn lacks beside what the first prompt asked, "" when it lacks nothing."""
    files, prompt = state["files"], state["prompt"]
    why = ["the last check is red"] * bool(state["red"])
    why += ["nothing ran after the last edit of a source file"] * bool(state["unrun"])
    why += ["only new files were written"] * (all(files.values()) and not NEW & set(prompt.lower().split()))
    lines = [line.strip()[:160] for line in prompt.replace(". ", ".\n").split("\n") if line.strip()]
    asked = "\n".join([line for line in lines if line[0] in "-*•123456789"][:8] or lines[:8])
    changed = ", ".join(file + " (new)" * is_new for file, is_new in list(files.items())[:12])
    return SENT.format(why="; ".join(why), asked=asked, changed=changed, check=state["last"]) if why else ""


def observe(payload: dict, root: str) -> dict:
    """Read a hook payload as the call that `decide` sees. A success has no exit code; a failure says `Exit code N`."""
    given, back, error = payload.get("tool_input") or {}, payload.get("tool_response") or {}, payload.get("error") or ""
    path, command = given.get("file_path") or given.get("notebook_path") or "", given.get("command") or ""
    code = int(error.split()[2]) if error.startswith("Exit code ") else 0
    red = any(mark in error + str(back) for mark in MARKS) if "|" in command or ";" in command else code != 0
    check = not given.get("run_in_background") and any(f" {w} " in CHECKS for words in runs(command) for w in words)
    call = {"tool": payload.get("tool_name") or payload["hook_event_name"], "creates": back.get("type") == "create"}
    call.update(command=command or payload.get("prompt") or "", active=payload.get("stop_hook_active"), exit=code)
    call.update(kind="shell" if command else "edit" if path else "other", paths=[path.replace(root + "/", "", 1)])
    return {**call, "check": {"red": red, "failing": []} if check else None}


def main() -> None:
    """Answer one hook call; the state is one small file per session in the temp directory, replaced as a whole."""
    root, facts = os.path.realpath(os.environ.get("CLAUDE_PROJECT_DIR") or os.getcwd()), {}
    hooks = {**dict.fromkeys(("object_hook", "object_pairs_hook", "array_hook", "strict")), "parse_int": int}
    scan = _json.make_scanner(type("Hooks", (), {**hooks, "parse_float": float, "parse_constant": float}))  # type: ignore
    dump = _json.make_encoder(None, str, _json.encode_basestring_ascii, None, ": ", ", ", False, False, True)
    try:
        payload = scan(os.fdopen(0, "rb").read(16_000_000).decode("utf-8", "replace").strip(), 0)[0]
        session = "".join(filter(str.isalnum, payload["session_id"]))[:64]
        path = os.environ.get("TMPDIR", "/tmp") + "/flywheel-finish-" + session  # noqa: S108
        kept = os.read(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), 1_000_000).decode()
        state = scan(kept, 0)[0] if kept.startswith("{") and kept.endswith("}") else {}
        state, text = decide(state, observe(payload, root))
        with open(os.open(f"{path}.{os.getpid()}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("".join(dump(state, 0)))
        os.replace(f"{path}.{os.getpid()}", path)
        if text:
            print("".join(dump({"decision": "block", "reason": text}, 0)))
            facts = {"act": "send-back", "files": list(state["files"])[:12], "session": session}
    except Exception as error:
        facts = {"error": type(error).__name__}
    log = os.path.join(root, ".claude", "flywheel-log.jsonl")
    if facts and os.path.realpath(log) == log and os.access(os.path.dirname(log), os.W_OK):
        with open(log, "a", encoding="utf-8") as file:
            line = "".join(dump({"at": int(time.time()), "guard": "finish-guard", **facts}, 0)) + "\n"
            file.write(line * (file.tell() < 256_000))


if __name__ == "__main__" and os.environ.get("FLYWHEEL_FINISH_GUARD", "").lower() != "off":
    main()
