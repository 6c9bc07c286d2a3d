"""What early exits save a user: `dvt` runs a cascade, the peers the plain model of its last stage.

Every turn of a comparison times each peer, then `dvt`.
"""

from pathlib import Path

from comparisons import DEIT, PlainModel
from dvt_pytorch import cifar10_last_exit
from measurements import EXITS_TABLE, OURS, Key, Times
from program import Program, Record

STEPS = {"cascade": "batch by batch", "streamed": "as a stream"}
"""The measurements of `dvt bench model` with early exits."""


def exit_times(
    dvt: Program, title: str, model: str | None, batches: list[int], repeats: int,
    shares: list[float],
) -> Times:
    """Our times of a cascade with these percentages of the images at its exits."""
    times: Times = {}
    for precision in dvt.precisions:
        steps = dvt.model(model, batches, repeats, precision, shares)
        times |= {Key(f"{title}, {STEPS[step.name]}", step.batch, OURS, precision): ms / step.batch
                  for step, ms in steps.items() if step.name in STEPS}
    return times


class DeiTExitComparison:
    """DVT-DeiT-S against DeiT-S/16. A batch of 1 has no shares."""

    TABLE = EXITS_TABLE
    BATCHES, REPEATS, SHARES = [8, 32], 3, [60.0, 25.0, 15.0]

    def __init__(self) -> None:
        self._plain = PlainModel(DEIT.plain_title, DEIT.make_plain(), self.BATCHES)

    def turn(self, dvt: Program) -> Times:
        times: Times = {}
        works = [f"{DEIT.title}, {step}" for step in STEPS.values()]
        for batch in self.BATCHES:
            times |= self._plain.times(batch, self.REPEATS, *works)
            times |= exit_times(dvt, DEIT.title, DEIT.name, [batch], self.REPEATS, self.SHARES)
        return times


class CIFAR10Comparison:
    """dvt-cifar10 against its last exit's network without reuse.

    At the shares of CIFAR-10's test images by the threshold of the model card, on synthetic images;
    and with `data` on every tenth test image, where that threshold decides.
    """

    TABLE = EXITS_TABLE
    BATCH, REPEATS, SHARES, EVERY = 64, 5, [46.1, 53.9], 10
    TITLE = "dvt-cifar10"
    ON_IMAGES = "dvt-cifar10, CIFAR-10's test images"

    def __init__(self, data: Path | None) -> None:
        self._data = data
        self._plain = PlainModel(f"{self.TITLE}'s last exit", cifar10_last_exit(), [self.BATCH], 32)

    def turn(self, dvt: Program) -> Times:
        works = [f"{self.TITLE}, {step}" for step in STEPS.values()]
        if self._data:
            works.append(self.ON_IMAGES)
        times = self._plain.times(self.BATCH, self.REPEATS, *works)
        times |= exit_times(dvt, self.TITLE, None, [self.BATCH], self.REPEATS, self.SHARES)
        if self._data:
            for precision in dvt.precisions:
                times |= self._on_images(dvt, self._data, precision)
        return times

    def _on_images(self, dvt: Program, data: Path, precision: str) -> Times:
        records = dvt.evaluation(data, self.EVERY, self.BATCH, precision)
        dvt.note(self._accuracy(records["early exits"], records["all exits"], precision))
        key = Key(self.ON_IMAGES, self.BATCH, OURS, precision)
        return {key: 1e3 / records["early exits"]["images_per_sec"]}

    def _accuracy(self, early: Record, full: Record, precision: str) -> str:
        return (f"{self.TITLE} in {precision} on {early['images']} test images: "
                f"{early['shares'][0]:.1f} % exit at 1, top-1 {early['top1']:.2f} % with early "
                f"exits and {full['top1']:.2f} % through exit 2.")
