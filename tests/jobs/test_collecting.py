"""A finished head becomes one bundle of evidence, made from what GitHub says."""

from tests.jobs.collecting_world import Case, ann, bundle, case, github, head, shop, world

__all__ = ["ann", "case", "github", "shop", "world"]


def test_three_heads_become_three_episodes(case: Case) -> None:
    failed, passed, neither = (case.pull() for _ in range(3))
    case.world.run(case.shop, head(failed), artifacts={"flywheel-bundle": bundle(head(failed))})
    case.world.run(case.shop, head(passed), conclusion="success", artifacts={"flywheel-bundle": bundle(head(passed))})
    case.world.run(case.shop, head(neither), conclusion="cancelled")

    done = [case.collect(head(pull)) for pull in (failed, passed, neither)]

    assert ["stored"] * 3 == [one.status for one in done]
    assert ["fail", "pass", "none"] == [one.outcome for one in done]
    assert {head(failed): "fail", head(passed): "pass", head(neither): "none"} == {
        episode.head_sha: episode.outcome for episode in case.episodes()
    }
