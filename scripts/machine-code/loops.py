"""The loops of a function, and its hottest."""

from bisect import bisect_left
from dataclasses import dataclass

from machine import Function, Instruction, Kind

# A product of matrices does the work of many multiply-adds.
_WEIGHTS = {Kind.FLOAT: 1, Kind.MATRIX: 16}


@dataclass(frozen=True)
class Block:
    """Instructions that run in turn, and the blocks that may follow."""

    instructions: list[Instruction]
    successors: list[int]


def hottest_loop(function: Function) -> list[Instruction]:
    """The instructions of the loop with the most arithmetic outside the loops within it.

    Of a kernel without arithmetic, the loop with the most loads. Loops within it are included, each
    instruction once: how often they run is not known. Empty if there is no loop.
    """
    blocks = basic_blocks(function.instructions)
    loops = natural_loops(blocks)
    if not loops:
        return []

    def weight(loop: frozenset[int]) -> tuple[int, int, int]:
        inner = frozenset().union(*(other for other in loops if other < loop))
        own = [each for index in loop - inner for each in blocks[index].instructions]
        arithmetic = sum(_WEIGHTS.get(each.kind, 0) for each in own)
        return arithmetic, sum(each.width > 0 for each in own), -len(own)

    hottest = max(loops, key=weight)
    return [each for index in sorted(hottest) for each in blocks[index].instructions
            if each.kind is not Kind.HINT]


def basic_blocks(instructions: list[Instruction]) -> list[Block]:
    """The blocks in order of addresses."""
    addresses = [each.address for each in instructions]
    starts = {0}
    for index, each in enumerate(instructions):
        starts |= {bisect_left(addresses, target) for target in each.targets}
        if each.targets or not each.continues:
            starts.add(index + 1)
    firsts = sorted(start for start in starts if start < len(instructions))
    blocks = []
    for number, (first, end) in enumerate(zip(firsts, [*firsts[1:], len(instructions)])):
        last = instructions[end - 1]
        successors = [bisect_left(firsts, bisect_left(addresses, target))
                      for target in last.targets]
        if last.continues and number + 1 < len(firsts):
            successors.append(number + 1)
        blocks.append(Block(instructions[first:end], successors))
    return blocks


def natural_loops(blocks: list[Block]) -> set[frozenset[int]]:
    """The blocks of every loop; loops with the same first block are one."""
    order = _reverse_postorder(blocks)
    predecessors: dict[int, list[int]] = {index: [] for index in order}
    for index in order:
        for successor in blocks[index].successors:
            predecessors[successor].append(index)
    dominator = _immediate_dominators(order, predecessors)
    bodies: dict[int, set[int]] = {}
    for index in order:
        for header in blocks[index].successors:
            if not _dominates(header, index, dominator):
                continue
            body = bodies.setdefault(header, {header})
            waiting = [index]
            while waiting:
                block = waiting.pop()
                if block not in body:
                    body.add(block)
                    waiting += predecessors[block]
    return {frozenset(body) for body in bodies.values()}


def _reverse_postorder(blocks: list[Block]) -> list[int]:
    """The reachable blocks, each before those that it leads to, but for branches back."""
    order: list[int] = []
    seen = {0}
    stack = [(0, iter(blocks[0].successors))]
    while stack:
        index, successors = stack[-1]
        following = next((each for each in successors if each not in seen), None)
        if following is None:
            order.append(index)
            stack.pop()
        else:
            seen.add(following)
            stack.append((following, iter(blocks[following].successors)))
    return order[::-1]


def _immediate_dominators(
    order: list[int], predecessors: dict[int, list[int]]
) -> dict[int, int]:
    """For each block the last one that every path to it passes (Cooper, Harvey and Kennedy)."""
    position = {index: place for place, index in enumerate(order)}
    dominator = {order[0]: order[0]}

    def common(a: int, b: int) -> int:
        while a != b:
            while position[a] > position[b]:
                a = dominator[a]
            while position[b] > position[a]:
                b = dominator[b]
        return a

    changed = True
    while changed:
        changed = False
        for index in order[1:]:
            known = [each for each in predecessors[index] if each in dominator]
            nearest = known[0]
            for each in known[1:]:
                nearest = common(nearest, each)
            if dominator.get(index) != nearest:
                dominator[index] = nearest
                changed = True
    return dominator


def _dominates(a: int, b: int, dominator: dict[int, int]) -> bool:
    while b != a and dominator[b] != b:
        b = dominator[b]
    return a == b
