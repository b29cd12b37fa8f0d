"""Connected components, and what may not stand together in one: the arithmetic of identity, without names or databases.

Nodes are numbers. A stub (one or more records that hard evidence holds together) is linked to hubs (an address, an id,
a pair); stubs that share a hub are one person, unless a constraint forbids it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Ints = npt.NDArray[np.int32]


def components(size: int, left: Ints, right: Ints) -> Ints:
    """The component of each of `size` nodes under the given undirected edges, as labels from 0."""
    if size == 0:
        return np.zeros(0, dtype=np.int32)
    ones = np.ones(len(left), dtype=np.int8)
    graph = coo_array((ones, (left, right)), shape=(size, size)).tocsr()
    label: Ints = connected_components(graph, directed=False)[1]
    return label


def lowest(label: Ints) -> Ints:
    """For each node the lowest node of its component."""
    first = np.full(int(label.max(initial=-1)) + 1, len(label), dtype=np.int64)
    np.minimum.at(first, label, np.arange(len(label)))
    found: Ints = first[label].astype(np.int32)
    return found


@dataclass(frozen=True)
class Edge:
    """A stub's link to a hub. Stronger ones are taken first; equal ones by the stub's rank, then the hub."""

    strength: float
    stub: int
    hub: int


@dataclass(frozen=True)
class Refusal:
    """An edge that was not taken, because it would have brought together `one` and `other`, who may not be one."""

    edge: Edge
    one: int
    other: int
    reason: str


@dataclass
class _Cluster:
    members: list[int] = field(default_factory=list)


def link(
    edges: Sequence[Edge], forbidden: Callable[[Sequence[int], Sequence[int]], tuple[int, int, str] | None]
) -> tuple[dict[int, int], list[Refusal]]:
    """Take edges from the strongest on, leaving out those that would bring together what must stay apart.

    `forbidden(left, right)` is asked for two groups of stubs; it answers which two of them may not be one, and why, or
    None. Returns each stub's group (named by its lowest stub), and the refusals. The outcome depends on the edges, not
    on their order."""
    group_of: dict[int, _Cluster] = {}
    hub_of: dict[int, _Cluster] = {}
    refusals: list[Refusal] = []
    for edge in sorted(edges, key=lambda edge: (-edge.strength, edge.stub, edge.hub)):
        own = group_of.setdefault(edge.stub, _Cluster([edge.stub]))
        there = hub_of.get(edge.hub)
        if there is None:
            hub_of[edge.hub] = own
            continue
        if there is own:
            continue
        conflict = forbidden(own.members, there.members)
        if conflict is not None:
            refusals.append(Refusal(edge, *conflict))
            continue
        small, large = sorted((own, there), key=lambda cluster: len(cluster.members))
        large.members.extend(small.members)
        for stub in small.members:
            group_of[stub] = large
        for hub, cluster in hub_of.items():
            if cluster is small:
                hub_of[hub] = large
    name = {id(cluster): min(cluster.members) for cluster in group_of.values()}
    return {stub: name[id(cluster)] for stub, cluster in group_of.items()}, refusals
