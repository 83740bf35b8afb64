"""Figures of notebook 04: the graph of the forward pass, and the three ways through BatchNorm."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from mmhelpers.plotting.base import WIDTH, new_axes, new_grid
from mmhelpers.plotting.style import BLUE, FAINT, ORANGE, RED, SLATE, our_style

Place = tuple[float, float]
BOX = (0.84, 0.62)  # width and height of a tensor's box
LOWER = -1.15  # the lane of the sums and maxima, below that of the batch
UPPER = 1.1  # the lane of the parameters

# Each band: its title, where each tensor stands, and which tensor goes into which.
BANDS: list[tuple[str, dict[str, Place], str]] = [
    (
        "embedding and first layer",
        {"Xb": (0, 0), "C": (0.65, UPPER), "emb": (1.3, 0), "embcat": (2.6, 0), "W1": (3.4, UPPER),
         "b1": (4.4, UPPER), "hprebn": (3.9, 0)},
        "Xb>emb C>emb emb>embcat embcat>hprebn W1>hprebn b1>hprebn",
    ),
    (
        "batch normalisation and tanh",
        {"hprebn": (0, 0), "bnmeani": (0.75, LOWER), "bndiff": (1.5, 0), "bndiff2": (2.1, LOWER),
         "bnvar": (3.1, LOWER), "bnvar_inv": (4.1, LOWER), "bnraw": (4.1, 0),
         "bngain": (4.7, UPPER), "bnbias": (5.7, UPPER), "hpreact": (5.2, 0), "h": (6.3, 0)},
        "hprebn>bndiff hprebn>bnmeani bnmeani>bndiff bndiff>bnraw bndiff>bndiff2 bndiff2>bnvar "
        "bnvar>bnvar_inv bnvar_inv>bnraw bnraw>hpreact bngain>hpreact bnbias>hpreact hpreact>h",
    ),
    (
        "output layer, softmax and loss",
        {"h": (0, 0), "W2": (0.55, UPPER), "b2": (1.55, UPPER), "logits": (1.05, 0),
         "logit_maxes": (1.6, LOWER), "norm_logits": (2.15, 0), "counts": (3.2, 0),
         "counts_sum": (3.2, LOWER), "counts_sum_inv": (4.3, LOWER), "probs": (4.3, 0),
         "logprobs": (5.35, 0), "loss": (6.35, 0)},
        "h>logits W2>logits b2>logits logits>norm_logits logits>logit_maxes "
        "logit_maxes>norm_logits norm_logits>counts counts>probs counts>counts_sum "
        "counts_sum>counts_sum_inv counts_sum_inv>probs probs>logprobs logprobs>loss",
    ),
]  # fmt: skip
SHAPES = {
    "(B, T)": "Xb", "(V, n_embd)": "C", "(B, T, n_embd)": "emb", "(B, T·n_embd)": "embcat",
    "(T·n_embd, H)": "W1", "(H,)": "b1", "(1, H)": "bnmeani bnvar bnvar_inv bngain bnbias",
    "(B, H)": "hprebn bndiff bndiff2 bnraw hpreact h", "(H, V)": "W2", "(V,)": "b2",
    "(B, V)": "logits norm_logits counts probs logprobs",
    "(B, 1)": "logit_maxes counts_sum counts_sum_inv", "a number": "loss",
}  # fmt: skip
PARAMETERS = ("C", "W1", "b1", "bngain", "bnbias", "W2", "b2")


def forks() -> list[str]:
    """The tensors of the graph that are used twice, in the order of the forward pass."""
    starts = [edge.split(">")[0] for _, _, edges in BANDS for edge in edges.split()]
    return [name for name in dict.fromkeys(starts) if starts.count(name) > 1]


@our_style()
def plot_forward_graph() -> Axes:
    """The forward pass of notebook 04 as boxes, one band below the other, each with its shape.

    A band begins with the tensor that ends the one above.  Blue are the parameters, orange the
    tensors that are used twice.  Returns the first axes.
    """
    axes = new_grid(len(BANDS), 1, WIDTH, 7.4, height_ratios=[2.1, 3.2, 3.2])[:, 0]
    twice = forks()
    shape_of = {name: shape for shape, names in SHAPES.items() for name in names.split()}
    for ax, (title, places, edges) in zip(axes, BANDS, strict=True):
        for edge in edges.split():
            start, end = edge.split(">")
            color = ORANGE if start in twice else SLATE
            _arrow(ax, places[start], places[end], color, 2.0 if start in twice else 1.2)
        for name, place in places.items():
            color = BLUE if name in PARAMETERS else ORANGE if name in twice else FAINT
            _tensor(ax, place, f"{name}\n{shape_of[name]}", color)
        low = LOWER if any(y < 0 for _, y in places.values()) else 0
        ax.set(xlim=(-0.5, 6.9), ylim=(low - 0.45, UPPER + 0.45))
        ax.set_title(title, loc="left", fontsize=10)
        ax.set_axis_off()
    return axes[0]


def _tensor(ax: Axes, place: Place, text: str, color: str) -> None:
    """A box around a place, with a name and a shape in it."""
    corner = (place[0] - BOX[0] / 2, place[1] - BOX[1] / 2)
    style = {"boxstyle": "round,pad=0,rounding_size=0.08", "facecolor": color, "alpha": 0.45}
    ax.add_patch(FancyBboxPatch(corner, *BOX, edgecolor="none", **style))
    size = 7 if max(map(len, text.split("\n"))) > 11 else 8
    ax.annotate(text, place, ha="center", va="center", fontsize=size)


def _arrow(ax: Axes, start: Place, end: Place, color: str, width: float) -> None:
    """An arrow from the edge of one box to the edge of another."""
    (x0, y0), (x1, y1) = start, end
    down = (y1 > y0) - (y1 < y0)
    right = (x1 > x0) - (x1 < x0) if abs(x1 - x0) > BOX[0] or not down else 0
    tail = (x0 + right * BOX[0] / 2 * (not down), y0 + down * BOX[1] / 2)
    head = (x1 - right * BOX[0] / 2 * (not down), y1 - down * BOX[1] / 2)
    style = {"arrowstyle": "-|>", "color": color, "lw": width, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", head, tail, arrowprops=style)


@our_style()
def plot_three_ways() -> Axes:
    """How one input of BatchNorm reaches all normalised values: directly, by mean, by variance.

    On each arrow stands the derivative of its end by its start.
    """
    ax = new_axes(width=WIDTH, height=4.4)
    places = {
        r"$x_i$": (0, 0), r"$\mu$": (2.2, 1.35), r"$\sigma^2$": (2.2, -1.35),
        r"$\hat x_1$": (5, 1.7), r"$\hat x_i$": (5, 0), r"$\hat x_n$": (5, -1.7), "$L$": (7, 0),
    }  # fmt: skip
    x, mean, var, *outputs, loss = places.values()
    for start, end, color, line in [
        (x, outputs[1], BLUE, "-"),
        (x, mean, ORANGE, "--"),
        *((mean, output, ORANGE, "--") for output in outputs),
        (x, var, RED, "-."),
        *((var, output, RED, "-.") for output in outputs),
        *((output, loss, SLATE, "-") for output in outputs),
    ]:
        style = {"arrowstyle": "-|>", "color": color, "lw": 1.8, "linestyle": line}
        ax.annotate("", end, start, arrowprops=style | {"shrinkA": 17, "shrinkB": 17})
    for name, place in places.items():
        frame = {"boxstyle": "circle,pad=0.35", "facecolor": "white", "edgecolor": SLATE}
        ax.annotate(name, place, ha="center", va="center", fontsize=12, bbox=frame)
    for text, place in {
        "directly: $r$": (1.55, 0.2),
        r"$\frac{1}{n}$": (0.85, 0.85),
        "through the mean:\n$-r$ into every one": (2.75, 2.0),
        r"$\frac{2(x_i-\mu)}{n-1}$": (0.45, -1.05),
        "through the variance:\n" r"$-\frac{1}{2}r^3(x_j-\mu)$ into every one": (2.6, -2.15),
        r"$\gamma\,g_j$": (6.15, 1.15),
    }.items():
        ax.annotate(text, place, fontsize=11, va="center")
    ax.annotate("⋮", (5, 0.85), ha="center", va="center", fontsize=14)
    ax.annotate("⋮", (5, -0.85), ha="center", va="center", fontsize=14)
    ax.set(xlim=(-0.5, 7.5), ylim=(-2.6, 2.5))
    ax.set_axis_off()
    return ax
