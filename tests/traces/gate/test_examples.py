"""The bundled fleet: each run that broke by itself is left out for the reason that was planted, and no other run is."""

import json
from pathlib import Path

from bot.signals.collect import collect
from bot.traces.gate import gate, recall

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


def test_what_was_planted_is_left_out_for_its_own_reason():
    planted = json.loads((EXAMPLES / "planted.json").read_text(encoding="utf-8"))["infrastructure"]
    fleet = list(collect([EXAMPLES / "episodes"]))
    history = recall(fleet)

    found = {episode.id: exclusion.code.split()[0] for episode in fleet if (exclusion := gate(episode, history))}

    assert {one["episode"].replace("__", "/", 1): one["gate"] for one in planted} == found
