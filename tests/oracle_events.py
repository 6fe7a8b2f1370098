"""The scalars of TensorBoard's event files in a folder against its log.csv: oracle_events.py FOLDER

Reads the files with a parser of its own (records with both checksums, protocol buffers, a restart
that makes later steps of earlier files void) and, where it is installed, with tensorboard's reader.
Prints their number; fails where they differ."""
import csv
import glob
import os
import struct
import sys


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(path):
    data = open(path, "rb").read()
    while len(data) >= 12:
        length, crc = struct.unpack_from("<QI", data)
        assert crc == masked(data[:8]), f"{path}: checksum of a length"
        if len(data) < 16 + length:
            break  # of a run that was killed
        (crc,) = struct.unpack_from("<I", data, 12 + length)
        assert crc == masked(data[12 : 12 + length]), f"{path}: checksum of a record"
        yield data[12 : 12 + length]
        data = data[16 + length :]


def fields(data):
    def varint(at):
        value = shift = 0
        while data[at] & 128:
            value, shift, at = value | (data[at] & 127) << shift, shift + 7, at + 1
        return value | data[at] << shift, at + 1

    at = 0
    while at < len(data):
        key, at = varint(at)
        if key & 7 == 0:
            value, at = varint(at)
        else:
            size, at = {1: (8, at), 5: (4, at)}.get(key & 7) or varint(at)
            value, at = data[at : at + size], at + size
        yield key >> 3, value


def scalars(folder):
    found = {}
    for path in sorted(glob.glob(os.path.join(folder, "events.out.tfevents.*"))):
        for number, record in enumerate(records(path)):
            event = list(fields(record))
            step = dict(event).get(2, 0)
            assert (number == 0) == ((3, b"brain.Event:2") in event), f"{path}: file_version"
            if (7, b"\x08\x01") in event:
                found = {key: value for key, value in found.items() if key[1] < step}
            for summary in (value for key, value in event if key == 5):
                for _, value in fields(summary):
                    scalar = dict(fields(value))
                    found[scalar[1].decode(), step] = struct.unpack("<f", scalar[2])[0]
    return found


def main():
    folder = sys.argv[1]
    found = scalars(folder)
    rows = list(csv.DictReader(open(os.path.join(folder, "log.csv"))))
    want = {("train/" + name, int(row["step"])): float(row[name]) for row in rows
            for name in ("loss", "lr", "grad_norm", "tokens_per_s")}
    want |= {("validation/loss", int(row["step"])): float(row["validation_loss"]) for row in rows
             if row["validation_loss"]}
    got = {key: value for key, value in found.items() if key[0] != "validation/loss_all"}
    assert got.keys() == want.keys(), sorted(got.keys() ^ want.keys())[:9]
    for key, value in want.items():
        assert abs(got[key] - value) <= 1e-4 * abs(value) + (0.6 if "tokens" in key[0] else 1e-6), (key, got[key], value)
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    except ImportError:
        print(f"{len(got)} scalars as in log.csv")
        return
    reader = EventAccumulator(folder, {"scalars": 0})
    reader.Reload()
    theirs = {(tag, event.step): event.value for tag in reader.Tags()["scalars"]
              for event in reader.Scalars(tag)}
    assert theirs == found, sorted(theirs.keys() ^ found.keys())[:9]
    print(f"{len(got)} scalars as in log.csv and as tensorboard reads them")


main()
