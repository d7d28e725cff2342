"""The framed messages between a server and its worker: four bytes of length, little-endian, and a JSON text."""
import os
import struct


def send(descriptor, message):
    send_raw(descriptor, struct.pack("<I", len(message)) + message)


def send_raw(descriptor, data):
    while data:
        data = data[os.write(descriptor, data):]


def take(descriptor, count):
    data = b""
    while len(data) < count:
        part = os.read(descriptor, count - len(data))
        if not part:
            return None
        data += part
    return data


def receive(descriptor):
    """A message; none at the end."""
    head = take(descriptor, 4)
    return None if head is None else take(descriptor, struct.unpack("<I", head)[0])
