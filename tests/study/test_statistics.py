"""The bootstrap and the power law, against what is known."""

import numpy as np
import pytest

from mmhelpers.study.statistics import interval, power_law, resampled_means, share_interval


def test_resampled_means_scatter_like_the_mean():
    values = np.random.default_rng(1).normal(3.0, 2.0, 400)
    means = resampled_means(values, 4000)
    assert len(means) == 4000
    assert means.mean() == pytest.approx(values.mean(), abs=0.01)
    assert means.std() == pytest.approx(values.std() / 20, rel=0.05)
    low, high = interval(means)
    assert ((means >= low) & (means <= high)).mean() == pytest.approx(0.95, abs=0.002)
    assert (means < low).mean() == pytest.approx(0.025, abs=0.001)
    assert np.array_equal(means, resampled_means(values, 4000))  # the same for the same seed
    assert set(resampled_means([2.0, 2.0], 5)) == {2.0}
    with pytest.raises(ValueError, match="no values"):
        resampled_means([])


def test_of_few_values_all_samples_are_drawn():
    """Of 0 and 3 there are four samples: means of 0, 1.5 twice, 3."""
    means = resampled_means([0.0, 3.0], 8000)
    shares = [(means == value).mean() for value in (0.0, 1.5, 3.0)]
    assert shares == pytest.approx([0.25, 0.5, 0.25], abs=0.02)


def test_a_law_is_found_again():
    sizes = np.array([1e3, 1e4, 1e5, 1e6])
    law = power_law(sizes, 5 * sizes**-0.07)
    assert (law.factor, law.exponent) == pytest.approx((5, 0.07))
    assert law.error == pytest.approx(0, abs=1e-12)
    assert law(2e4) == pytest.approx(5 * 2e4**-0.07)


def test_the_error_covers_the_truth_as_often_as_it_should():
    rng, sizes, hits = np.random.default_rng(2), np.geomspace(1e3, 1e6, 10), 0
    for _ in range(400):
        law = power_law(sizes, 5 * sizes**-0.07 * np.exp(rng.normal(0, 0.01, 10)))
        hits += abs(law.exponent - 0.07) < 2.306 * law.error  # Student's t with 8 degrees
    assert hits / 400 == pytest.approx(0.95, abs=0.03)


def test_too_few_points():
    for sizes in ([1, 2], [5, 5, 5]):
        with pytest.raises(ValueError, match="three points, and two sizes"):
            power_law(sizes, [2.0] * len(sizes))


def test_shares_near_and_far_from_the_ends():
    low, high = share_interval(50, 100)
    assert (low, high) == (pytest.approx(0.4038, abs=1e-4), pytest.approx(0.5962, abs=1e-4))
    for count in (0, 3, 20):
        low, high = share_interval(count, 20)
        # At its ends the measured share is just 1.96 standard deviations away.
        for end in {low, high} - {0.0, 1.0}:
            away = 1.96 * (end * (1 - end) / 20) ** 0.5
            assert abs(count / 20 - end) == pytest.approx(away, abs=1e-7)
    assert share_interval(0, 20)[0] == pytest.approx(0)
    assert share_interval(20, 20)[1] == pytest.approx(1)


@pytest.mark.parametrize("count, total", [(0, 0), (3, 2), (-1, 2)])
def test_a_share_of_nothing(count, total):
    with pytest.raises(ValueError, match="one thing at least"):
        share_interval(count, total)
