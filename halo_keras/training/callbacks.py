"""What happens beside the steps of a training: order, guard, log, strips, state."""

from __future__ import annotations

import csv
import math
import os
import time
from pathlib import Path

import keras

from halo_keras.training.checkpoint import CheckpointFolder, same_random_state


class EpochOrder(keras.callbacks.Callback):
    """Tells the `ClipBatches` which epoch it is: their order follows from it alone.

    Keras's own epoch hooks on a `PyDataset` count calls, not epochs, and so would
    give a resumed training another order than an uninterrupted one.
    """

    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def on_epoch_begin(self, epoch, logs=None):
        self.batches.epoch = epoch


class NonFiniteLoss(ArithmeticError):
    """A loss term became NaN or infinite. The message names epoch, step and clips."""


class NaNGuard(keras.callbacks.Callback):
    """Stops a training at the first loss that is NaN or infinite, naming the batch.

    Raises:
        NonFiniteLoss: at the end of that step.
    """

    def __init__(self, batches):
        super().__init__()
        self.batches = batches
        self.epoch = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        bad = [key for key, value in (logs or {}).items() if not math.isfinite(value)]
        if bad:
            order, size = self.batches.order(self.epoch), self.batches.batch_size
            clips = order[batch * size : (batch + 1) * size].tolist()
            raise NonFiniteLoss(
                f"{', '.join(bad)} became NaN or infinite at epoch {self.epoch}, step "
                f"{batch}, on the clips {clips} of the training split. Look at these "
                "clips for bad values; if they are sound, lower learning_rate or "
                "clip_norm. The last checkpoint is from before."
            )


class EpochLog(keras.callbacks.Callback):
    """One row of a CSV file per epoch; a resumed training continues the same file.

    Columns: epoch, every logged loss term (full precision), learning_rate, seconds.
    """

    def __init__(self, path: str | os.PathLike, first_epoch: int = 0):
        super().__init__()
        self.path = Path(path)
        self.first_epoch = first_epoch
        self.started = 0.0

    def on_train_begin(self, logs=None):
        # Rows from after the checkpoint are written again: drop them first.
        if not self.path.exists():
            return
        with open(self.path, newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        kept = rows[:1] + [
            row for row in rows[1:] if row and int(row[0]) < self.first_epoch
        ]
        temporary = self.path.with_suffix(".tmp")
        with open(temporary, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(kept if len(kept) > 1 else [])
        os.replace(temporary, self.path)

    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        row = {"epoch": epoch}
        row.update({key: float(value) for key, value in sorted((logs or {}).items())})
        row["learning_rate"] = float(self.model.optimizer.learning_rate)
        row["seconds"] = round(time.perf_counter() - self.started, 3)
        is_new = not self.path.exists() or self.path.stat().st_size == 0
        with open(self.path, "a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(row))
            if is_new:
                writer.writeheader()
            writer.writerow(row)


class Checkpoint(keras.callbacks.Callback):
    """Saves the whole training state after every epoch (see `CheckpointFolder`)."""

    def __init__(self, folder: CheckpointFolder, seconds_before: float = 0.0):
        super().__init__()
        self.folder = folder
        self.seconds_before = seconds_before
        self.started = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Wall time of the training so far, over all resumes."""
        return self.seconds_before + time.perf_counter() - self.started

    def on_train_begin(self, logs=None):
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.folder.save(self.model, epoch + 1, self.seconds)


class SampleStrips(keras.callbacks.Callback):
    """Draws what the model makes of a few clips, every `every` epochs.

    The picture is drawn from the current weights, not from their average.

    Args:
        draw: `draw(model, path)` writes one picture.
        folder: pictures are `epoch-00010.png` there.
        every: epochs between two pictures.
    """

    def __init__(self, draw, folder: str | os.PathLike, every: int):
        super().__init__()
        self.draw = draw
        self.folder = Path(folder)
        self.every = every

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with same_random_state(self.model):
            self.draw(self.model, self.folder / f"epoch-{epoch + 1:05d}.png")


class TensorBoardScalars(keras.callbacks.Callback):
    """Writes every loss term as a TensorBoard scalar, one point per epoch.

    Keras's own callback needs the package `tensorboard` at training time; the event
    format itself is TensorFlow's, so that this one needs it only for looking.
    """

    def __init__(self, folder: str | os.PathLike):
        super().__init__()
        self.folder = Path(folder)

    def on_train_begin(self, logs=None):
        import tensorflow as tf

        self.writer = tf.summary.create_file_writer(str(self.folder))
        self.metadata = tf.compat.v1.SummaryMetadata(
            plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars"),
            data_class="DATA_CLASS_SCALAR",
        )

    def on_epoch_end(self, epoch, logs=None):
        import tensorflow as tf

        values = {**(logs or {}), "learning_rate": self.model.optimizer.learning_rate}
        with self.writer.as_default():
            for key, value in values.items():
                tf.summary.write(key, float(value), step=epoch, metadata=self.metadata)

    def on_train_end(self, logs=None):
        self.writer.close()
