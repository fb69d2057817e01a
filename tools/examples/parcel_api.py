"""The tasks of the Python service: issues with attempts at their source, in the words of somebody who works there."""

from __future__ import annotations

from tools.examples.shapes import Failure, Project, Task

CONTRACT = "tests/contract/test_openapi.py"

RATES = Task(
    number=41,
    title="Quotes are a cent too low",
    prompts=(
        "Issue #41: quotes are sometimes one cent too low because we cut instead of rounding half up. Fix `quote` in "
        "parcel/rates.py. The cases are in tests/test_rates.py and fail today.",
        "A carrier complains that our quotes are a cent below theirs (issue #41). Round half up in parcel/rates.py and make "
        "the rounding tests in tests/test_rates.py pass. Keep `base_price` as it is.",
        "Please fix #41 (rounding of quotes). Requirements: half up to whole cents; bulky surcharge is rounded together "
        "with the rest, not before; the tests on this branch pass.",
    ),
    source="parcel/rates.py",
    hunk='    return total.quantize(Decimal("0.01"), rounding=ROUND_DOWN)',
    versions=(
        "    return round(total, 2)",
        '    return Decimal(f"{total:.2f}")',
        '    return (total + Decimal("0.004")).quantize(Decimal("0.01"), rounding=ROUND_DOWN)',
        '    return total.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)',
    ),
    failures=(
        Failure(
            "tests/test_rates.py",
            "test_quote_rounds_half_up",
            'assert quote(1501, 2) == Decimal("7.19")',
            "AssertionError: assert Decimal('7.18') == Decimal('7.19')",
            27,
        ),
        Failure(
            "tests/test_rates.py",
            "test_bulky_is_rounded_with_the_rest",
            'assert quote(400, 3, bulky=True) == Decimal("13.68")',
            "AssertionError: assert Decimal('13.67') == Decimal('13.68')",
            33,
        ),
    ),
    in_ci_only=Failure(
        CONTRACT,
        "test_quote_price_has_two_places",
        'assert re.fullmatch(r"\\d+\\.\\d{2}", body["price"])',
        "AssertionError: assert None",
        18,
    ),
    scratch=(
        (
            "scripts/check_rounding.py",
            "from decimal import Decimal\n\nfrom parcel.rates import quote\n\nfor grams in (500, 1501, 2600):\n"
            "    print(grams, quote(grams, 2), round(Decimal(grams), 2))\n",
        ),
        (
            "tests/test_rounding_extra.py",
            "from decimal import Decimal\n\nfrom parcel.rates import base_price\n\n\ndef test_base_price_is_exact():\n"
            '    assert base_price(1501, 2) == Decimal("7.35")\n',
        ),
    ),
    summary="quotes are now rounded half up to whole cents",
)

TRACKING = Task(
    number=58,
    title="Events of the same second swap places",
    prompts=(
        "Issue #58: two scans with the same timestamp come back in random order, so a parcel can go from delivered back to "
        "sorted. `timeline` in parcel/tracking.py must use the order of the journey as tie-breaker.",
        "When events share a second the state is wrong (#58). ORDER in parcel/tracking.py says which comes first; use it. "
        "tests/test_tracking.py has two failing cases.",
        "Fix #58. The tie-break is by ORDER; unknown kinds go last, and must not raise. Tests: tests/test_tracking.py.",
    ),
    source="parcel/tracking.py",
    hunk="    return sorted(events, key=lambda event: event.at)",
    versions=(
        "    return sorted(events, key=lambda event: (event.at, event.kind))",
        "    return sorted(events, key=lambda event: (event.at.isoformat(), event.place))",
        "    return sorted(reversed(events), key=lambda event: event.at)",
        "    return sorted(events, key=lambda event: (event.at, ORDER.index(event.kind) if event.kind in ORDER else len(ORDER)))",
    ),
    failures=(
        Failure(
            "tests/test_tracking.py",
            "test_same_second_follows_the_journey",
            'assert state([Event("delivered", NOON), Event("sorted", NOON)]) == "delivered"',
            "AssertionError: assert 'sorted' == 'delivered'",
            30,
        ),
        Failure(
            "tests/test_tracking.py",
            "test_unknown_kind_goes_last",
            'assert [e.kind for e in timeline(events)] == ["accepted", "x-ray"]',
            "AssertionError: assert ['x-ray', 'accepted'] == ['accepted', 'x-ray']",
            38,
        ),
    ),
    in_ci_only=Failure(
        CONTRACT,
        "test_state_is_in_the_schema",
        'assert body["state"] in SCHEMA["State"]["enum"]',
        "KeyError: 'State'",
        31,
    ),
    scratch=(
        (
            "scripts/replay_events.py",
            "from datetime import UTC, datetime\n\nfrom parcel.tracking import Event, timeline\n\n"
            "NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)\n"
            'print(timeline([Event("delivered", NOON), Event("sorted", NOON)]))\n',
        ),
        (
            "parcel/ordering.py",
            '"""Journey order as a sort key."""\n\nfrom parcel.tracking import ORDER\n\n\ndef rank(kind: str) -> int:\n'
            '    """The place of a kind in the journey."""\n    return ORDER.index(kind) if kind in ORDER else len(ORDER)\n',
        ),
    ),
    summary="events of the same second now follow the order of the journey",
)

STORE = Task(
    number=63,
    title="Expired holds are still offered",
    prompts=(
        "Issue #63: `Shelf.waiting` still returns parcels whose week is over. They must be gone from `waiting` in the same "
        "moment they appear in `overdue`. See tests/test_store.py.",
        "Customers drive to the shop for parcels that were sent back (#63). Filter expired holds out of `waiting` in "
        "parcel/store.py; exactly seven days is still fine.",
        "Please do #63: no hold may be both waiting and overdue, and none may be in neither. The boundary cases in "
        "tests/test_store.py fail at the moment.",
    ),
    source="parcel/store.py",
    hunk="        return [hold for hold in self.holds if hold.owner == owner]",
    versions=(
        "        return [hold for hold in self.holds if hold.owner == owner and now - hold.since < HOLD]",
        "        return [hold for hold in self.holds if hold.owner == owner and hold.since.date() > (now - HOLD).date()]",
        "        return [hold for hold in self.holds if hold.owner == owner and hold not in self.overdue(hold.since)]",
        "        return [hold for hold in self.holds if hold.owner == owner and now - hold.since <= HOLD]",
    ),
    failures=(
        Failure(
            "tests/test_store.py",
            "test_exactly_a_week_is_still_waiting",
            'assert [h.parcel for h in shelf.waiting("ana", NOW)] == ["p1"]',
            "AssertionError: assert [] == ['p1']",
            29,
        ),
        Failure(
            "tests/test_store.py",
            "test_no_hold_is_in_both",
            "assert not set(waiting) & set(overdue)",
            "AssertionError: assert not {'p2'}",
            41,
        ),
    ),
    in_ci_only=Failure(
        "tests/contract/test_shelf_api.py",
        "test_waiting_matches_the_counter",
        'assert len(body["waiting"]) == body["count"]',
        "AssertionError: assert 2 == 3",
        22,
    ),
    scratch=(
        (
            "scripts/list_expired.py",
            "from datetime import UTC, datetime, timedelta\n\nfrom parcel.store import HOLD, Hold, Shelf\n\n"
            "now = datetime.now(UTC)\nshelf = Shelf([Hold('p1', now - HOLD, 'ana')])\n"
            "print(shelf.waiting('ana', now), shelf.overdue(now + timedelta(seconds=1)))\n",
        ),
        (
            "tests/test_store_boundary.py",
            "from parcel.store import HOLD\n\n\ndef test_hold_is_a_week():\n    assert HOLD.days == 7\n",
        ),
    ),
    summary="a hold leaves `waiting` in the moment it becomes overdue",
)

HTTP = Task(
    number=77,
    title="Unknown parcels answer 500",
    prompts=(
        "Issue #77: GET /parcels/{number} raises KeyError for an unknown number and the client sees a 500. Answer 404 with a "
        "problem body: type, title, status, detail (RFC 9457), content type application/problem+json.",
        "Unknown parcel numbers must give a JSON 404 (#77). Work in parcel/http.py, keep `respond` for the good cases. "
        "tests/test_http.py says what the body looks like.",
        "Please fix #77 in parcel/http.py. Done means: status 404, content type application/problem+json, the number in "
        "`detail`, and both new tests in tests/test_http.py pass.",
    ),
    source="parcel/http.py",
    hunk='    events = EVENTS[number]\n    return respond(HTTPStatus.OK, {"number": number, "state": tracking.state(events)})',
    versions=(
        '    events = EVENTS.get(number, [])\n    return respond(HTTPStatus.OK, {"number": number, "state": tracking.state(events)})',
        '    if number not in EVENTS:\n        return respond(HTTPStatus.NOT_FOUND, {"error": "unknown parcel"})\n    events = EVENTS[number]\n'
        '    return respond(HTTPStatus.OK, {"number": number, "state": tracking.state(events)})',
        "    try:\n        events = EVENTS[number]\n    except KeyError as error:\n"
        '        return respond(HTTPStatus.NOT_FOUND, {"title": "Not Found", "detail": str(error)})\n'
        '    return respond(HTTPStatus.OK, {"number": number, "state": tracking.state(events)})',
        '    if number not in EVENTS:\n        return problem(HTTPStatus.NOT_FOUND, f"There is no parcel {number}.")\n    events = EVENTS[number]\n'
        '    return respond(HTTPStatus.OK, {"number": number, "state": tracking.state(events)})',
    ),
    failures=(
        Failure(
            "tests/test_http.py",
            "test_unknown_parcel_is_a_problem",
            'assert headers["Content-Type"] == "application/problem+json"',
            "AssertionError: assert 'application/json' == 'application/problem+json'",
            34,
        ),
        Failure(
            "tests/test_http.py",
            "test_problem_names_the_parcel",
            'assert "p404" in json.loads(body)["detail"]',
            "KeyError: 'detail'",
            42,
        ),
    ),
    in_ci_only=Failure(
        CONTRACT,
        "test_problem_bodies_match_the_schema",
        'jsonschema.validate(body, SCHEMA["Problem"])',
        "jsonschema.exceptions.ValidationError: 'type' is a required property",
        44,
    ),
    scratch=(
        (
            "parcel/problems.py",
            '"""Problem bodies after RFC 9457."""\n\nimport json\n\n\ndef problem(status: int, detail: str) -> bytes:\n'
            '    """The bytes of a problem."""\n    return json.dumps({"status": status, "detail": detail}).encode()\n',
        ),
        (
            "scripts/probe_404.py",
            "from parcel import http\n\ntry:\n    print(http.get_parcel('p404'))\nexcept KeyError as error:\n    print('still raises', error)\n",
        ),
    ),
    summary="an unknown parcel is answered with a 404 problem body",
)

LABELS = Task(
    number=80,
    title="Labels from the new printer are refused at the depot",
    prompts=(
        "Issue #80: the depot refuses labels from the new printer. The check digit seems to be wrong for numbers with a "
        "leading zero. Have a look at parcel/labels.py.",
        "Labels are refused (#80). Somebody at the depot says the check digit is counted from the wrong side. Please fix it.",
    ),
    source="parcel/labels.py",
    hunk="    for place, digit in enumerate(reversed(number)):",
    versions=(
        "    for place, digit in enumerate(number):",
        "    for place, digit in enumerate(reversed(number.lstrip('0'))):",
        "    for place, digit in enumerate(reversed(number.zfill(12))):",
        "    for place, digit in enumerate(reversed(number.strip())):",
    ),
    failures=(
        Failure(
            "tests/test_labels.py",
            "test_leading_zero",
            'assert check_digit("012") == check_digit("12")',
            "AssertionError: assert 5 == 9",
            14,
        ),
    ),
    in_ci_only=Failure(
        "tests/contract/test_depot_labels.py",
        "test_depot_accepts_label",
        'assert depot.verify(label(number, "Ana")) == "ACCEPTED"',
        "AssertionError: assert 'REFUSED: symbology' == 'ACCEPTED'",
        26,
    ),
    scratch=(("scripts/digits.py", "from parcel.labels import check_digit\n\nprint(check_digit('012'))\n"),),
    summary="the check digit no longer depends on leading zeros",
)

PAGES = Task(
    number=85,
    title="Event lists need pages",
    prompts=(
        "Issue #85: GET /parcels/{number}/events returns everything. Add `limit` and `after` query parameters in "
        "parcel/http.py; the default limit is 50.",
    ),
    source="parcel/http.py",
    hunk="    return respond(HTTPStatus.OK, [event.kind for event in events])",
    versions=(
        '    return respond(HTTPStatus.OK, [event.kind for event in events[: int(query["limit"])]])',
        '    return respond(HTTPStatus.OK, [event.kind for event in events[int(query.get("after", 0)) :]])',
        '    limit = min(int(query.get("limit", 50)), 50)\n    return respond(HTTPStatus.OK, [event.kind for event in events[:limit]])',
        '    after, limit = int(query.get("after", 0)), min(int(query.get("limit", 50)), 200)\n'
        "    return respond(HTTPStatus.OK, [event.kind for event in events[after : after + limit]])",
    ),
    failures=(
        Failure(
            "tests/test_http.py",
            "test_events_come_in_pages",
            "assert len(json.loads(body)) == 50",
            "AssertionError: assert 120 == 50",
            55,
        ),
    ),
    in_ci_only=Failure(
        CONTRACT,
        "test_limit_is_documented",
        'assert "limit" in PATHS["/parcels/{number}/events"]["get"]["parameters"]',
        "AssertionError: assert 'limit' in []",
        61,
    ),
    scratch=(("scripts/many_events.py", "print('event ' * 120)\n"),),
    summary="event lists take `after` and `limit`",
)

EXPORT = Task(
    number=90,
    title="A script that exports the tariff",
    prompts=(
        "Issue #90: add scripts/export_tariff.py that prints the tariff as CSV (zone, grams, price). No change elsewhere.",
    ),
    source="parcel/rates.py",
    hunk='STEP_PRICE = Decimal("0.65")',
    versions=('STEP_PRICE = Decimal("0.65")',) * 4,
    failures=(),
    in_ci_only=Failure(CONTRACT, "test_schema_loads", "assert SCHEMA", "AssertionError: assert {}", 9),
    scratch=(
        (
            "scripts/export_tariff.py",
            'from parcel.rates import ZONES, base_price\n\nprint("zone,grams,price")\nfor zone in ZONES:\n'
            "    for grams in range(500, 5001, 500):\n        print(zone, grams, base_price(grams, zone), sep=',')\n",
        ),
    ),
    summary="`scripts/export_tariff.py` prints the tariff as CSV",
)

PROJECT = Project(
    repository="lumen-orchard/parcel-api",
    language="python",
    purpose="quotes, labels and tracking for parcels",
    suite=(
        (
            "tests/test_rates.py",
            (
                "test_first_step_is_free",
                "test_started_step_counts",
                "test_weight_must_be_positive",
                "test_bulky_costs_more",
            ),
        ),
        ("tests/test_tracking.py", ("test_no_events_is_unknown", "test_last_event_wins", "test_timeline_is_sorted")),
        ("tests/test_store.py", ("test_waiting_is_per_owner", "test_overdue_after_a_week")),
        ("tests/test_labels.py", ("test_check_digit", "test_name_is_cut")),
        ("tests/test_http.py", ("test_quote", "test_events_are_listed")),
    ),
    tasks=(RATES, TRACKING, STORE, HTTP, LABELS, PAGES, EXPORT),
)
