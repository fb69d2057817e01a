# Formats what the agent has just written; never fails the edit.
npx --no-install prettier --write src >/dev/null 2>&1 || true
