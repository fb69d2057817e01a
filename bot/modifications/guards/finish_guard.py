"""Finish guard: a Claude Code hook payload on stdin in; at the end of a turn, what is still missing out, at most twice.

Off: FLYWHEEL_FINISH_GUARD=off. Any error: silent, exit 0. When it speaks, its cost, its removal: docs/guards.md.
"""

# mypy: allow-any-generics
import _json  # the C half of json: `import json` itself brings `re` along, 11 ms at every start
import os
import time

EVENTS = (("UserPromptSubmit", ""), ("PostToolUse", "Edit|Write|Bash"), ("PostToolUseFailure", "Bash"), ("Stop", ""))
SEND_BACKS = 2
SENT = """Flywheel, before you finish: {why}. The task asked:\n{asked}\nChanged: {changed}. Last check: {check}.
Do what is missing. What does not apply (an older failure, nothing to run): say so in one sentence, and finish."""
CHECKS = (
    " pytest unittest tox jest vitest mocha rspec tsc mypy pyright ruff eslint test build check lint vet typecheck "
)
MARKS = ("FAIL", "error:", "error TS", "error[", "not ok ", "✕ ", "✗ ", " failed,", " failed in ", " failing")
SOURCE = " .py .js .jsx .ts .tsx .go .rs .java .kt .c .h .cc .cpp .cs .rb .php .swift .ex .hs .lua .dart .vue .sh "
LOOKS = " git gh cd ls cat grep rg find head tail sed echo pwd wc which diff mkdir touch chmod cp mv rm pip "


def runs(line: str) -> "list[list[str]]":
    """Give the first words of each command of a shell line that runs something; quoting is not understood."""
    parts = line.split("<<")[0][:4000].replace("\n", ";").replace("&&", ";").replace("|", ";").split(";")
    plain = ([os.path.splitext(os.path.basename(word))[0] for word in part.split()[:4]] for part in parts)
    return [words for words in plain if words and f" {words[0]} " not in LOOKS]


def decide(state: dict, call: dict, send_backs: int = SEND_BACKS) -> "tuple[dict, str]":
    """Fold a call, a prompt or a stop into the state; say what sends the agent back. A turn without edits is let go."""
    try:
        new = {"prompt": "", "files": {}, "unrun": 0, "fresh": 0, "wrote": 0, "sent": 0, "red": 0, **state}
        if call["tool"] == "UserPromptSubmit":
            new["prompt"] = new["prompt"] or call["command"][:4000]
        elif call["tool"] == "Stop":
            text = missing(new) if new["fresh"] and not call["active"] and new["sent"] < send_backs else ""
            return {**new, "fresh": 0, "sent": new["sent"] + bool(text)}, text
        elif call["kind"] == "shell":
            new["unrun"] = new["unrun"] and not runs(call["command"])
            new["wrote"] = new["wrote"] or any(m in call["command"] for m in (" > ", ">> ", "<<", "sed -i", "--fix"))
            if call["check"]:
                new.update(red=call["check"]["red"], last="`{}`, exit {}".format(call["command"][:200], call["exit"]))
        for path in call["paths"] if call["kind"] == "edit" else ():
            source = f" {os.path.splitext(path)[1]} " in SOURCE and not path.startswith(("/", "."))
            new["files"] = dict([(path, call["creates"]), *new["files"].items()][-200:])
            new.update(unrun=new["unrun"] or source, fresh=new["fresh"] or source)
        return new, ""
    except Exception:
        return {}, ""


def missing(state: dict) -> str:
    """Say what a turn lacks beside what the first prompt asked, "" when it lacks nothing."""
    why = ["the last check is red"] * bool(state["red"]) + ["nothing ran after your last edit"] * bool(state["unrun"])
    asks_new = {"create", "add", "new", "write", "generate", "build", "make"} & set(state["prompt"].lower().split())
    why += ["only new files were written"] * (all(state["files"].values()) and not state["wrote"] and not asks_new)
    lines = [line.strip()[:160] for line in state["prompt"].replace(". ", ".\n").split("\n") if line.strip()]
    asked = "\n".join([line for line in lines if line[0] in "-*•123456789"][:8] or lines[:8])
    changed = ", ".join(file + " (new)" * is_new for file, is_new in list(state["files"].items())[:12])
    return SENT.format(why="; ".join(why), asked=asked, changed=changed, check=state.get("last", "none")) if why else ""


def observe(payload: dict, root: str) -> dict:
    """Read a hook payload as the call that `decide` sees. A success has no exit code; a failure says `Exit code N`."""
    used, back, error = payload.get("tool_input") or {}, payload.get("tool_response") or {}, payload.get("error") or ""
    path, command = used.get("file_path") or "", used.get("command") or payload.get("prompt") or ""
    red = any(mark in error + str(back) for mark in MARKS) if "|" in command or ";" in command else bool(error)
    ran = not used.get("run_in_background") and any(f" {w} " in CHECKS for words in runs(command) for w in words)
    call = {"tool": payload.get("tool_name") or payload["hook_event_name"], "creates": back.get("type") == "create"}
    call.update(kind="edit" if path else "shell", command=command, active=payload.get("stop_hook_active"))
    call.update(paths=[path.replace(root + "/", "", 1)], check={"red": red, "failing": []} if ran else None)
    return {**call, "exit": int(error.split()[2]) if error.startswith("Exit code ") else 0}


def main() -> None:
    """Answer one hook call; the state is one small file per session in the temp directory, replaced as a whole."""
    root, facts = os.path.realpath(os.environ.get("CLAUDE_PROJECT_DIR") or os.getcwd()), {}
    hooks = {**dict.fromkeys(("object_hook", "object_pairs_hook", "array_hook", "strict")), "parse_int": int}
    scan = _json.make_scanner(type("Hooks", (), {**hooks, "parse_float": float, "parse_constant": float}))  # type: ignore
    dump = _json.make_encoder(None, str, _json.encode_basestring_ascii, None, ": ", ", ", False, False, True)
    try:
        payload = scan(os.fdopen(0, "rb").read(16_000_000).decode("utf-8", "replace").strip(), 0)[0]
        path = os.environ.get("TMPDIR", "/tmp") + "/flywheel-end-" + "".join(filter(str.isalnum, payload["session_id"]))  # noqa: S108
        state = scan(os.read(os.open(path, os.O_CREAT | os.O_NOFOLLOW, 0o600), 1_000_000).decode() or "{}", 0)[0]
        state, text = decide(state, observe(payload, root))
        with open(os.open(f"{path}.{os.getpid()}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("".join(dump(state, 0)))
        os.replace(f"{path}.{os.getpid()}", path)
        if text:
            print("".join(dump({"decision": "block", "reason": text}, 0)))
            facts = {"act": "send-back", "files": list(state["files"])[:12], "session": payload["session_id"]}
    except Exception as error:
        facts = {"error": type(error).__name__}
    log = os.path.join(root, ".claude", "flywheel-log.jsonl")
    if facts and os.path.realpath(log) == log and os.access(os.path.dirname(log), os.W_OK):
        with open(log, "a", encoding="utf-8") as file:
            line = "".join(dump({"at": int(time.time()), "guard": "finish-guard", **facts}, 0)) + "\n"
            file.write(line * (file.tell() < 256_000))


if __name__ == "__main__" and os.environ.get("FLYWHEEL_FINISH_GUARD", "").lower() != "off":
    main()
