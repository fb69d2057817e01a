from parcel.labels import check_digit, label


def test_check_digit():
    assert check_digit("4006381") == 2


def test_name_is_cut():
    assert label("12", "x" * 40).splitlines()[1] == "X" * 28
