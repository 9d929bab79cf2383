"""Streaming Gibbs sampling: topics of the texts of likes, one slice of time after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.tables import seconds
from workbench.features.topics.kept import TOPICS, WEEK, Topics, TopicsCard, check_name, fold_in, slice_of
from workbench.features.words import RARE, tokens

METHOD = "streaming Gibbs sampling 1"
ETA = 0.1
SWEEPS = 100
LEAST = 1000
COMMON = 0.5

Counts = NDArray[np.float64]
Report = Callable[[float, str], None]


def fit_topics(
    dataset: Dataset,
    *,
    topics: int = 70,
    name: str = TOPICS,
    days: float = WEEK,
    decay: float = 1.0,
    sweeps: int = SWEEPS,
    seed: int = 0,
    least: int = LEAST,
    rare: int = RARE,
    common: float = COMMON,
    alpha: float | None = None,
    eta: float = ETA,
    report: Report | None = None,
) -> Topics:
    """Learn topics from the texts of the train likes, oldest first, and keep them beside the tables.

    With n_kw how often word w was of topic k so far, every slice is sampled with ``eta + decay * n_kw`` as the prior
    of its words, and then ``n_kw <- decay * n_kw + counts of the slice`` (Gao, Chen and Zhu, Streaming Gibbs Sampling
    for LDA Model, 2016). An image three people liked in a slice is three documents. Likes without times are one slice;
    without likes it is the train posts. Nothing held out is read.

    Args:
        dataset: with captions.
        topics: how many, K.
        name: what they are called.
        days: length of a slice.
        decay: what is left of a count after one slice, above 0 to 1.
        sweeps: of Gibbs sampling over each slice.
        seed: of the sampling.
        least: documents that a slice waits for by taking in the next one.
        rare: fewest train texts that a word stands in.
        common: largest share of the train texts that a word stands in.
        alpha: prior of the topics of a text; 1 / K if left out.
        eta: prior of the words of a topic.
        report: told the share done and what is being done.

    Raises:
        DataError: there is no text to learn from, or an option is out of its range.
    """
    check_name(name)
    wrong = [
        option
        for option, good in (
            ("topics", topics > 1), ("days", days > 0), ("decay", 0 < decay <= 1), ("sweeps", sweeps > 0),
            ("common", common > 0), ("alpha", alpha is None or alpha > 0), ("eta", eta > 0),
        )
        if not good
    ]  # fmt: skip
    if wrong:
        raise DataError(
            f"the option {wrong[0]} is out of its range: topics at least 2, decay at most 1, all of them above 0"
        )
    tell, alpha = report or (lambda share, message: None), 1 / topics if alpha is None else alpha
    items, slices = _stream(dataset, days)
    words = _vocabulary(dataset, items, rare, common)
    codes = {word: code for code, word in enumerate(words)}
    texts = [[codes[token.word] for token in tokens(text) if token.word in codes] for text in dataset.texts]
    told = torch.tensor([bool(text) for text in texts])[items]
    groups = _joined(items[told], slices[told], least)
    counts = np.zeros((topics, len(words)))
    for number, group in enumerate(groups):
        tell(0.95 * number / len(groups), f"slice {number + 1} of {len(groups)}")
        counts *= decay
        documents = [[words[code] for code in texts[item]] for item in group.tolist()]
        counts += _sample(documents, words, counts + eta, alpha, sweeps, seed + number)
    tell(0.95, "topics of every text")
    total = torch.from_numpy(counts + eta)
    topic_word = (total / total.sum(1, keepdim=True)).float()
    card = TopicsCard(
        method=METHOD, library=_library(), topics=topics, alpha=alpha, eta=eta, decay=decay, days=days, least=least,
        sweeps=sweeps, rare=rare, common=common, seed=seed, fingerprint=dataset.fingerprint, documents=int(told.sum()),
        slices=len(groups), shape=(len(texts), len(words)),
    )  # fmt: skip
    shares = total.sum(1) / total.sum()
    return Topics.write(dataset.root, name, card, words, topic_word, shares, fold_in(topic_word, texts, alpha))


def _stream(dataset: Dataset, days: float) -> tuple[Tensor, Tensor]:
    """Items (n,) of the train likes in the order of time, and the slice (n,) of each."""
    _, items, splits, row = dataset.coded_likes
    items, row = items[splits == 0], row[splits == 0]
    if not len(items):
        items = dataset.posts("train")[1]
    if not len(row) or "time" not in dataset.table("likes"):
        return items.sort().values, torch.zeros_like(items)
    times = torch.from_numpy(seconds(dataset.table("likes")["time"]))[row]
    order = torch.from_numpy(np.lexsort((items.numpy(), times.numpy())))
    return items[order], slice_of(times[order], days)


def _vocabulary(dataset: Dataset, items: Tensor, rare: int, common: float) -> tuple[str, ...]:
    """The words of the texts of ``items``, each text once, that are neither rare nor common nor stop words.

    Raises:
        DataError: there is none.
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    found = [{token.word for token in tokens(dataset.texts[item])} for item in torch.unique(items).tolist()]
    most = common * len(found)
    counts = Counter(word for words in found for word in words)
    words = tuple(sorted(w for w, n in counts.items() if rare <= n <= most and w not in ENGLISH_STOP_WORDS))
    if not words:
        raise DataError(
            f"{dataset.root} has no topics to learn: no word stands in {rare} texts of what was liked or posted in "
            f"training and in at most {common:.0%} of them; fill the column text of items.parquet, lower the option "
            "rare or raise the option common"
        )
    return words


def _joined(items: Tensor, slices: Tensor, least: int) -> list[Tensor]:
    """Items of every slice; one with fewer than ``least`` takes in the next, and the last one joins the one before."""
    sizes = torch.unique_consecutive(slices, return_counts=True)[1].tolist()
    joined = [0]
    for size in sizes:
        joined[-1] += size
        if joined[-1] >= least:
            joined.append(0)
    rest = joined.pop()
    if joined:
        joined[-1] += rest
    return list(torch.split(items, joined or [rest]))


def _sample(
    documents: Sequence[Sequence[str]], words: Sequence[str], prior: Counts, alpha: float, sweeps: int, seed: int
) -> Counts:
    """Counts (K, V) of the words by topic after Gibbs sampling of ``documents`` with ``prior`` (K, V)."""
    import tomotopy

    model = tomotopy.LDAModel(k=len(prior), alpha=alpha, eta=ETA, seed=seed)
    model.optim_interval = 0
    for document in documents:
        model.add_doc(document)
    for word, of_topics in zip(words, prior.T.tolist(), strict=True):
        model.set_word_prior(word, of_topics)
    model.train(sweeps, workers=1, parallel=tomotopy.ParallelScheme.NONE)
    # What the library calls the raw distribution are the counts plus its own eta, without the priors of the words.
    raw = np.array([model.get_topic_word_dist(topic, normalize=False) for topic in range(len(prior))])
    place = {word: column for column, word in enumerate(model.used_vocabs)}
    return np.rint(raw[:, [place[word] for word in words]] - ETA)


def _library() -> str:
    import tomotopy

    return f"tomotopy {tomotopy.__version__}"
