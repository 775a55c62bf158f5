"""Vectors of any number, mixed of real embeddings until their neighbours are as near as real ones.

Embedding a million passages takes hours, and random vectors mislead: HNSW finds 0.3 to 0.7 of
their neighbours where it finds 0.98 of real ones. These keep the mean of real vectors and the
directions in which they differ, and come in stories of articles of passages, so that a
passage's neighbours are as near as in a real collection of the same size.

What a passage is: the mean of the real vectors, plus a part its story shares, plus one its
article shares, plus its own, brought to unit length. A part is a sum of a few real vectors'
differences from the mean (of the articles' means for the shared parts; of passages from their
article for a passage's own), weighted by positive numbers whose squares add up to 1, which
keeps their covariance. How long each part is, is fitted (`Mixture`); likewise how a question
takes after its passage (`Asking`).

The defaults are fitted to PIAF v1.0: 761 paragraphs in 191 documents, 3,835 questions, the title
joined to each paragraph, mixed from its own vectors. Cosines, PIAF | mixed, 761 passages of each:

    quantile           5 %             25 %            50 %            75 %            95 %
    random pairs   0.734 | 0.715   0.756 | 0.749   0.771 | 0.770   0.787 | 0.790   0.811 | 0.816
    rank 1         0.843 | 0.849   0.877 | 0.871   0.897 | 0.888   0.913 | 0.905   0.934 | 0.932
    rank 2         0.829 | 0.839   0.855 | 0.859   0.880 | 0.876   0.897 | 0.894   0.918 | 0.926
    rank 5         0.816 | 0.820   0.829 | 0.835   0.841 | 0.847   0.860 | 0.860   0.889 | 0.904
    rank 10        0.806 | 0.806   0.818 | 0.821   0.826 | 0.830   0.837 | 0.839   0.872 | 0.850
    rank 50        0.785 | 0.781   0.797 | 0.798   0.805 | 0.807   0.813 | 0.816   0.823 | 0.827
    rank 100       0.776 | 0.770   0.788 | 0.788   0.795 | 0.797   0.803 | 0.807   0.812 | 0.818
    query, own     0.801 | 0.818   0.831 | 0.839   0.855 | 0.855   0.878 | 0.869   0.906 | 0.892
    query, gap    -0.033 |-0.028  -0.008 |-0.008   0.010 | 0.008   0.028 | 0.025   0.056 | 0.067
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from index.embedding import Matrix
from scripts.synthetic.articles import ARTICLE_SIZES, STORY_SIZES

Rows = NDArray[np.int64]  # shape (n,): which rows of a matrix, or which group each belongs to
Quantiles = NDArray[np.float64]  # shape (5,): at QUANTILES

RANKS = (1, 2, 5, 10, 50, 100)
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)

_BLOCK = 2048  # rows drawn together: no story goes on in the next block
_SHARED_OF, _OWN_OF = 3, 4  # real vectors that a part is mixed of
_CONCENTRATION = 3.0  # of the squares of their weights (Dirichlet); less, and one prevails
_SCORED = 1 << 16  # rows scored at a time: 1,000 queries take 256 MiB
_FIT_ON = 2000  # passages and queries at most
_STEPS = (0.3, 0.15, 0.07, 0.03, 0.015)  # by which a parameter is raised or lowered


@dataclass(frozen=True, slots=True)
class Mixture:
    """How long the parts of a passage are; what `story` and `article` leave of 1 is its own."""

    length: float = 0.548  # of the passage's difference from the mean, the mean's own being 1
    story: float = 0.09  # share of the squared length
    article: float = 0.366
    # How much the own share differs between articles: standard deviation of its log odds.
    spread: float = 0.423


@dataclass(frozen=True, slots=True)
class Asking:
    """How a question takes after its passage, all lengths as a passage's."""

    shared: float = 0.289  # what it takes of what story and article share
    own: float = 0.231  # of what is the passage's own
    rest: float = 0.414  # length of what it has from other questions
    spread: float = 0.747  # standard deviation of the log of `own`, between questions


class VectorMixer:
    """Passages without end and questions about them, the same for the same seed.

    `vectors`, shape (n, d), are real passages and `articles`, shape (n,), the number of the
    article each is of: at least two articles, and one of them with two passages. `questions`,
    shape (m, d), are real ones and `owners`, shape (m,), the rows of the passages that answer
    them. All vectors are float32 of unit length.
    """

    def __init__(
        self,
        vectors: Matrix,
        articles: Rows,
        questions: Matrix,
        owners: Rows,
        *,
        mixture: Mixture | None = None,
        asking: Asking | None = None,
        seed: int = 0,
    ) -> None:
        self.mixture, self.asking, self.seed = mixture or Mixture(), asking or Asking(), seed
        self.dimension = vectors.shape[1]
        mean = vectors.mean(axis=0)
        unit = float(np.linalg.norm(mean))
        self._mean: Matrix = (mean / unit)[None]
        group = np.unique(articles, return_inverse=True)[1].ravel()
        sizes = np.bincount(group)
        means = np.zeros((len(sizes), self.dimension), np.float32)
        np.add.at(means, group, vectors - mean)
        means /= sizes[:, None]
        within = (vectors - mean - means[group])[sizes[group] > 1]
        if len(sizes) < 2 or not len(within):
            raise ValueError("mixing takes two articles, and one of two passages")
        self._shared = _of_unit_length(means)
        self._own = _of_unit_length(within)
        asked = questions.mean(axis=0)
        differences = (vectors - mean)[owners]
        # What a question has beside its passage: the remainder of the best multiple of that.
        times = float(((questions - asked) * differences).sum() / (differences**2).sum())
        self._rest = _of_unit_length(questions - asked - times * differences)
        self._asked: Matrix = (asked / unit)[None]
        self._drawn_block = lru_cache(maxsize=8)(self._draw)
        self._last: tuple[int, Matrix] | None = None

    def fit(self, reference: Matrix, questions: Matrix, owners: Rows) -> VectorMixer:
        """A mixer whose scores match those of `reference`, shape (n, d), at the same size: to
        nearest neighbours, of random pairs, and of `questions`, shape (m, d), with their own
        passage, `owners`, and with the best other one. Takes seconds."""
        reference_scores = _table(reference, self.seed)

        def away(mixture: Mixture) -> float:
            if not (mixture.story + mixture.article < 0.97):
                return float("inf")
            made = self._with(mixture, self.asking).passages(0, len(reference))
            return float(np.abs(_table(made, self.seed) - reference_scores).mean())

        mixture = _searched(self.mixture, away)
        mixed = self._with(mixture, self.asking)
        passages = mixed.passages(0, len(reference))
        asked = min(len(questions), _FIT_ON)
        chosen = np.random.default_rng(self.seed).permutation(len(questions))[:asked]
        question_scores = _stacked(query_scores(questions[chosen], owners[chosen], reference))

        def away_asking(asking: Asking) -> float:
            made, rows = self._with(mixture, asking).queries(asked, len(reference))
            scores = _stacked(query_scores(made, rows, passages))
            return float(np.abs(scores - question_scores).mean())

        return self._with(mixture, _searched(self.asking, away_asking))

    def passages(self, start: int, count: int) -> Matrix:
        """Rows `start` to `start + count` of an endless matrix, shape (count, d)."""
        result = np.empty((count, self.dimension), np.float32)
        row = start
        while row < start + count:
            block, first = divmod(row, _BLOCK)
            stop = min(_BLOCK, first + start + count - row)
            result[row - start : row - start + stop - first] = self._block(block)[first:stop]
            row += stop - first
        return result

    def groups(self, start: int, count: int) -> tuple[Rows, Rows]:
        """The numbers of the stories and of the articles of those rows, shape (count,) each."""
        blocks = range(start // _BLOCK, -(-(start + count) // _BLOCK))
        cut = slice(start - blocks.start * _BLOCK, start - blocks.start * _BLOCK + count)
        drawn = [(block, self._drawn_block(block)) for block in blocks]
        articles = np.concatenate([d.article_of + b * _BLOCK for b, d in drawn])
        stories = np.concatenate([d.story_of[d.article_of] + b * _BLOCK for b, d in drawn])
        return stories[cut], articles[cut]

    def queries(self, count: int, among: int) -> tuple[Matrix, Rows]:
        """Questions about passages drawn of the first `among` rows: their vectors, shape
        (count, d), and the rows, shape (count,)."""
        rng = np.random.default_rng((self.seed, 1))
        # A row of draws for each, so that the first are the same whatever the count.
        drawn = rng.random((count, 2 + 2 * _OWN_OF))
        rows = (drawn[:, 0] * among).astype(np.int64)
        normal = _normal(drawn[:, 1])
        picks = (drawn[:, 2 : 2 + _OWN_OF] * len(self._rest)).astype(np.int64)
        weights = np.sqrt(drawn[:, 2 + _OWN_OF :])
        weights /= np.linalg.norm(weights, axis=1, keepdims=True)
        vectors = self.asking.rest * _mixed(self._rest, picks, weights.astype(np.float32))
        vectors += self._asked
        own = self.asking.own * np.exp(self.asking.spread * normal).astype(np.float32)
        order = np.argsort(rows, kind="stable")
        edges = np.flatnonzero(np.diff(rows[order] // _BLOCK)) + 1
        for part in np.split(order, edges):
            if len(part):
                block = int(rows[part[0]]) // _BLOCK
                shared, passage = self._parts(block, rows[part] - block * _BLOCK)
                vectors[part] += self.asking.shared * shared + own[part, None] * passage
        return _normalised(vectors), rows

    def _with(self, mixture: Mixture, asking: Asking) -> VectorMixer:
        other = copy(self)
        other.mixture, other.asking, other._last = mixture, asking, None
        return other

    def _block(self, block: int) -> Matrix:
        if self._last is None or self._last[0] != block:
            shared, own = self._parts(block, np.arange(_BLOCK))
            own += shared
            own += self._mean
            self._last = block, _normalised(own)
        return self._last[1]

    def _parts(self, block: int, rows: Rows) -> tuple[Matrix, Matrix]:
        """Of rows of a block, what story and article share and what is their own."""
        drawn, mixture = self._drawn_block(block), self.mixture
        share = 1 - mixture.story - mixture.article
        odds = share / (1 - share) * np.exp(mixture.spread * drawn.normal)
        own_share = (odds / (1 + odds)).astype(np.float32)[:, None]
        stories = _mixed(self._shared, drawn.story_picks, drawn.story_weights)
        articles = _mixed(self._shared, drawn.article_picks, drawn.article_weights)
        of_story = mixture.story / (mixture.story + mixture.article)
        shared = of_story**0.5 * stories[drawn.story_of] + (1 - of_story) ** 0.5 * articles
        shared *= mixture.length * np.sqrt(1 - own_share)
        lengths = mixture.length * np.sqrt(own_share)
        article_of = drawn.article_of[rows]
        weights: Matrix = drawn.own_weights[rows] * lengths[article_of].astype(np.float32)
        return shared[article_of], _mixed(self._own, drawn.own_picks[rows], weights)

    def _draw(self, block: int) -> _Drawn:
        rng = np.random.default_rng((self.seed, 0, block))
        sizes = 1 + rng.choice(len(ARTICLE_SIZES), _BLOCK, p=ARTICLE_SIZES)
        article_of = np.repeat(np.arange(_BLOCK), sizes)[:_BLOCK]
        articles = int(article_of[-1]) + 1
        sizes = 1 + rng.choice(len(STORY_SIZES), articles, p=STORY_SIZES)
        story_of = np.repeat(np.arange(articles), sizes)[:articles]
        stories = int(story_of[-1]) + 1
        return _Drawn(
            article_of,
            story_of,
            *_picked(rng, stories, _SHARED_OF, len(self._shared)),
            *_picked(rng, articles, _SHARED_OF, len(self._shared)),
            *_picked(rng, _BLOCK, _OWN_OF, len(self._own)),
            rng.standard_normal(articles),
        )


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What is random in a block: who belongs to what, and what each part is mixed of."""

    article_of: Rows  # of each passage, from 0 in the block
    story_of: Rows  # of each article
    story_picks: NDArray[np.int64]
    story_weights: Matrix
    article_picks: NDArray[np.int64]
    article_weights: Matrix
    own_picks: NDArray[np.int64]
    own_weights: Matrix
    normal: NDArray[np.float64]  # of each article


def neighbour_scores(matrix: Matrix, sample: int, seed: int) -> dict[int, Quantiles]:
    """Cosines of `sample` rows drawn by the seed with their neighbours of each of `RANKS`.

    Ranks as high as the matrix has rows are left out.
    """
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(matrix))[:sample]
    kept = min(max(RANKS), len(matrix) - 1)
    best = _best(matrix[chosen], matrix, kept, chosen)
    return {rank: np.quantile(best[:, rank - 1], QUANTILES) for rank in RANKS if rank <= kept}


def pair_scores(matrix: Matrix, sample: int, seed: int) -> Quantiles:
    """Cosines of `sample` pairs of different rows drawn by the seed."""
    rng = np.random.default_rng(seed)
    one = rng.integers(0, len(matrix), sample)
    other = (one + rng.integers(1, len(matrix), sample)) % len(matrix)
    scores: Matrix = (matrix[one] * matrix[other]).sum(axis=1)
    quantiles: Quantiles = np.quantile(scores, QUANTILES)
    return quantiles


def query_scores(queries: Matrix, owners: Rows, matrix: Matrix) -> dict[str, Quantiles]:
    """Cosines of queries with their `own` passage, and the `gap` to the best other's, which is
    negative where that is nearer."""
    own = (queries * matrix[owners]).sum(axis=1)
    gap = own - _best(queries, matrix, 1, owners)[:, 0]
    return {"own": np.quantile(own, QUANTILES), "gap": np.quantile(gap, QUANTILES)}


def as_table(reference: dict[str, Quantiles], mixed: dict[str, Quantiles]) -> str:
    """Both, line by line: each quantile of the reference | of the mixed vectors."""
    lines = [f"{'quantile':14}" + "".join(f"{f'{100 * q:.0f} %':^16}" for q in QUANTILES)]
    for name, ours in mixed.items():
        pairs = zip(reference[name], ours, strict=True)
        lines.append(f"{name:14}" + " ".join(f"{a:6.3f} |{b:6.3f} " for a, b in pairs))
    return "\n".join(line.rstrip() for line in lines)


def report(passages: Matrix, queries: Matrix, owners: Rows, seed: int = 0) -> dict[str, Quantiles]:
    """All that is matched: of random pairs, neighbours and queries."""
    return {
        "random pairs": pair_scores(passages, 20_000, seed),
        **{f"rank {k}": v for k, v in neighbour_scores(passages, _FIT_ON, seed).items()},
        **{f"query, {k}": v for k, v in query_scores(queries, owners, passages).items()},
    }


def _table(matrix: Matrix, seed: int) -> NDArray[np.float64]:
    """Neighbours' and pairs' quantiles, shape (n, 5)."""
    ranks = neighbour_scores(matrix, _FIT_ON, seed).values()
    return np.stack([*ranks, pair_scores(matrix, 20_000, seed)])


def _stacked(scores: dict[str, Quantiles]) -> NDArray[np.float64]:
    return np.stack(list(scores.values()))


def _best(queries: Matrix, matrix: Matrix, kept: int, left_out: Rows) -> Matrix:
    """The best scores of each query, best first, shape (m, kept), one row of the matrix left
    out for each."""
    best = np.full((len(queries), kept), -2, np.float32)
    for start in range(0, len(matrix), _SCORED):
        scores = queries @ matrix[start : start + _SCORED].T
        here = np.flatnonzero((left_out >= start) & (left_out < start + scores.shape[1]))
        scores[here, left_out[here] - start] = -2
        both = np.concatenate((best, scores), axis=1)
        best = np.partition(both, both.shape[1] - kept, axis=1)[:, -kept:]
    return -np.sort(-best, axis=1)


_Parameters = TypeVar("_Parameters", Mixture, Asking)


def _searched(start: _Parameters, away: Callable[[_Parameters], float]) -> _Parameters:
    """The parameters nearest to what is wanted, one changed at a time by ever smaller steps."""
    best, least = start, away(start)
    for step in _STEPS:
        for _ in range(3):
            before = least
            for field in fields(start):
                for factor in (1 + step, 1 / (1 + step)):
                    value = getattr(best, field.name) * factor
                    tried = replace(best, **{field.name: value})
                    found = away(tried)
                    if found < least:
                        best, least = tried, found
            if least == before:
                break
    return best


def _picked(
    rng: np.random.Generator, count: int, of: int, among: int
) -> tuple[NDArray[np.int64], Matrix]:
    """Which `of` real vectors each of `count` is mixed of, and their weights."""
    squares = rng.dirichlet(np.full(of, _CONCENTRATION), count)
    return rng.integers(0, among, (count, of)), np.sqrt(squares).astype(np.float32)


def _mixed(real: Matrix, picks: NDArray[np.int64], weights: Matrix) -> Matrix:
    """The weighted sum of the rows picked for each: shape (n, d) from (n, k) and (n, k)."""
    result: Matrix = real[picks[:, 0]]
    result *= weights[:, :1]
    for place in range(1, picks.shape[1]):
        more = real[picks[:, place]]
        more *= weights[:, place, None]
        result += more
    return result


def _of_unit_length(differences: Matrix) -> Matrix:
    """Centred, of length 1 in the mean of their squares."""
    centred = differences - differences.mean(axis=0)
    scaled: Matrix = centred / np.sqrt((centred**2).sum(axis=1).mean())
    return scaled.astype(np.float32)


def _normalised(vectors: Matrix) -> Matrix:
    vectors /= np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
    return vectors


def _normal(uniform: NDArray[np.float64]) -> NDArray[np.float64]:
    """About normal numbers of uniform ones: the logistic distribution, of variance 1."""
    clipped = np.clip(uniform, 1e-4, 1 - 1e-4)
    logistic: NDArray[np.float64] = np.log(clipped / (1 - clipped)) * (np.sqrt(3) / np.pi)
    return logistic
