import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelab.spread import measure, predict


@given(st.integers(0, 3000), st.integers(1, 20), st.integers(1, 8), st.integers(1, 10), st.randoms())
def test_rounds_of_workers_keep_to_it(
    requests: int, connections: int, workers: int, pods: int, chance: random.Random
) -> None:
    """Each worker takes the pods in turn from anywhere; connections carry anything."""
    of = [chance.randrange(workers) for _ in range(connections)]
    turn = [chance.randrange(pods) for _ in range(workers)]
    counts = dict.fromkeys((str(pod) for pod in range(pods)), 0)
    for _ in range(requests):
        worker = chance.choice(of)
        counts[str(turn[worker] % pods)] += 1
        turn[worker] += 1
    found = predict(requests=requests, connections=connections, workers=workers, pods=pods)
    assert measure(counts).max_minus_min <= found.most_max_minus_min


def test_a_random_choice_varies_as_the_closed_form_says() -> None:
    """The mean of CV² over many draws is (pods - 1) / requests: the variance of a multinomial."""
    chance = random.Random(3)
    squares = []
    for _ in range(400):
        drawn = chance.choices(range(5), k=500)
        squares.append(measure({str(pod): drawn.count(pod) for pod in range(5)}).coefficient_of_variation ** 2)
    found = predict(requests=500, connections=1, workers=1, pods=5).random_coefficient_of_variation
    assert statistics.fmean(squares) == pytest.approx(found**2, rel=0.15)


def test_workers_are_hit_as_pods_are() -> None:
    found = predict(requests=1000, connections=2, workers=2, pods=5)
    assert (found.mean_workers_hit, found.most_max_minus_min) == (1.5, 2)
    assert found.sentence.startswith("2 connections over 2 Envoy workers at L7: 1.50 of them")
    assert predict(requests=0, connections=1, workers=1, pods=1).random_coefficient_of_variation == 0


def test_refuses_what_means_nothing() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        predict(requests=1, connections=1, workers=1, pods=0)
    with pytest.raises(ValueError, match="at least 1"):
        predict(requests=1, connections=0, workers=1, pods=1)
