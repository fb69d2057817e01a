"""Where we are and what agents are in use in, out what a person puts into a workflow: text to copy, and a link.

We do not ask for the `workflows` permission, so that no change of ours can reach a workflow: a person clicks or copies.
docs/action.md shows the same texts; a test keeps them equal.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

UPLOAD = "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0"
OBSERVE_PATH = ".github/workflows/flywheel.yml"
LOCAL_PATH = ".github/actions/flywheel-bundle/action.yml"
UNKNOWN = "OWNER/agentic-flywheel@COMMIT"
"""What stands for our Action where nobody said where it is."""

MAX_LINK = 8_000
"""Browsers and GitHub's front take no longer addresses for sure."""

STEPS = """\
- name: Make the bundle
  id: flywheel
  if: always()
  uses: {ours}
  with:
    mode: embed
    conclusion: ${{{{ job.status }}}}
- name: Upload the bundle
  if: always() && steps.flywheel.outputs.path != ''
  uses: {upload}
  with:
    name: ${{{{ steps.flywheel.outputs.artifact }}}}
    path: ${{{{ steps.flywheel.outputs.path }}}}
"""
LOCAL = """\
name: flywheel bundle
description: Keep what a coding agent left behind in this job
inputs:
  conclusion:
    description: How the job stands
    required: true
runs:
  using: composite
  steps:
    - name: Make the bundle
      id: flywheel
      uses: {ours}
      with:
        mode: embed
        conclusion: ${{{{ inputs.conclusion }}}}
    - name: Upload the bundle
      if: steps.flywheel.outputs.path != ''
      uses: {upload}
      with:
        name: ${{{{ steps.flywheel.outputs.artifact }}}}
        path: ${{{{ steps.flywheel.outputs.path }}}}
"""
CALL = """\
- name: Keep what the agent left behind
  if: always()
  uses: ./.github/actions/flywheel-bundle
  with:
    conclusion: ${{ job.status }}
"""
OBSERVE = """\
name: flywheel
on:
  schedule:
    - cron: "17 5 * * 1"
  workflow_dispatch:
    inputs:
      run-id:
        description: The workflow run whose bundles are read; empty for the newest 100
permissions: {{}}
concurrency:
  group: flywheel
  cancel-in-progress: false
jobs:
  observe:
    runs-on: ubuntu-latest
    timeout-minutes: 20
    permissions:
      actions: read # to download artifacts of other runs
    steps:
      - name: Download the bundles
        env:
          GH_TOKEN: ${{{{ github.token }}}}
          GH_REPO: ${{{{ github.repository }}}}
          RUN_ID: ${{{{ inputs.run-id }}}}
          WORKFLOW: {workflow} # in which the agent works
        run: |
          ids="$RUN_ID"
          if [ -z "$ids" ]; then
            ids="$(gh run list --workflow "$WORKFLOW" --limit 100 --json databaseId --jq '.[].databaseId')"
          fi
          for id in $ids; do
            gh run download "$id" --dir "flywheel-bundles/$id" --pattern 'flywheel-bundle-*' || true
          done
      - name: Show what keeps going wrong
        id: flywheel
        uses: {ours}
        with:
          mode: observe
          path: flywheel-bundles
      - name: Keep the report
        if: steps.flywheel.outputs.path != ''
        uses: {upload}
        with:
          name: flywheel-report
          path: ${{{{ steps.flywheel.outputs.path }}}}
"""


def steps(ours: str, indent: int = 6) -> str:
    """The two steps for the job in which an agent works, of any kind; `ours` is the Action, `owner/name@<commit>`."""
    text = STEPS.format(ours=ours, upload=UPLOAD)
    return "".join(f"{' ' * indent}{line}\n" for line in text.splitlines())


def local(ours: str) -> str:
    """An action of the repository's own that holds the two steps, to be called from any job by `call`."""
    return LOCAL.format(ours=ours, upload=UPLOAD)


def call(indent: int = 6) -> str:
    """The one step that calls it, for the job in which an agent works."""
    return "".join(f"{' ' * indent}{line}\n" for line in CALL.splitlines())


def edit(server: str, repository: str, branch: str, path: str) -> str:
    """A link that opens GitHub's editor at a file that is there."""
    return f"{server.rstrip('/')}/{quote(repository)}/edit/{quote(branch, safe='')}/{quote(path)}"


def observing(ours: str, workflow: str) -> str:
    """A workflow that shows every week what keeps going wrong; `workflow` is the file of the one where agents work."""
    return OBSERVE.format(ours=ours, upload=UPLOAD, workflow=workflow)


def new_file(server: str, repository: str, branch: str, path: str, text: str) -> str:
    """A link that opens GitHub's editor with the file ready to commit; "" when it would be too long to be followed.

    https://docs.github.com/repositories/working-with-files/managing-files/creating-new-files
    """
    query = urlencode({"filename": path, "value": text}, quote_via=quote)
    link = f"{server.rstrip('/')}/{quote(repository)}/new/{quote(branch, safe='')}?{query}"
    return link if len(link) <= MAX_LINK else ""
