"""The picture of attention."""

import matplotlib.pyplot as plt
import torch

from mmhelpers.plotting import plot_attention


def test_a_picture_for_every_name_and_head():
    maps = {"ada": torch.eye(4).expand(3, 4, 4), "bo": torch.ones(3, 3, 3).tril()}
    ax = plot_attention(maps)
    pictures = [other for other in ax.figure.axes if other.get_images()]
    assert len(pictures) == 2 * 3
    assert [label.get_text() for label in ax.get_xticklabels()] == [".", "a", "d", "a"]
    assert [label.get_text() for label in pictures[3].get_yticklabels()] == [".", "b", "o"]
    assert pictures[3].get_ylabel() == "bo"
    assert ax.get_title() == "head 1"
    plt.close(ax.figure)
