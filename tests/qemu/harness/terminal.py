"""A person's terminal on the device's serial line, with other lines (the collector's) printed in between."""
import os
import select
import sys
import termios
import threading
import tty

ESCAPE = b"\x1d"  # Ctrl-] cuts the power, as telnet has it


class Terminal:
    def __init__(self, device, prefix="audit | "):
        self.device, self.prefix = device, prefix
        self.lock = threading.Lock()
        self.at_line_start = True
        device.on_console = self.show

    def show(self, data):
        with self.lock:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
            self.at_line_start = data.endswith(b"\n")

    def line(self, text):
        """A line of somebody else, without tearing one of the device apart more than needed."""
        clean = "".join(c if c.isprintable() else "?" for c in text)
        start = "" if self.at_line_start else "\r\n"
        self.show(f"{start}{self.prefix}{clean}\r\n".encode())

    def serve(self):
        """Power on, pass keys to the device until it goes off or Ctrl-] is pressed."""
        device = self.device
        device.power_on()
        saved = termios.tcgetattr(0) if sys.stdin.isatty() else None
        try:
            if saved:
                tty.setraw(0)
            self._pass_keys(device.machine)
        finally:
            if saved:
                termios.tcsetattr(0, termios.TCSADRAIN, saved)

    def _pass_keys(self, machine):
        listening = [0]
        while machine.process.poll() is None:
            ready, _, _ = select.select(listening, [], [], 0.2)
            if not ready:
                continue
            keys = os.read(0, 1024)
            if ESCAPE in keys:
                return
            if not keys:
                listening = []
            else:
                machine.type(keys)
