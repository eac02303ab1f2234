"""One QEMU process: arguments of a board, the serial console, the end. Always emulated: no accelerator is ever looked for."""
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time

from . import paths, wire

PANIC = re.compile(r"Kernel panic - not syncing: (.*)")


def board_arguments(board, values):
    """board/<b>/qemu.args: one argument per line, # comments, @NAME@ from values."""
    path = os.path.join(paths.TOP, "board", board, "qemu.args")
    arguments = []
    for line in open(path, encoding="ascii"):
        line = line.strip()
        if line and not line.startswith("#"):
            arguments.append(re.sub(r"@([A-Z]+)@", lambda m: values[m.group(1)], line))
    return arguments


class Machine:
    """Started at once; the console is collected by a thread."""

    def __init__(self, board, kernel, initrd, command_line, state=None, on_console=None, extra=()):
        self.work = tempfile.mkdtemp(prefix="bartizan-")
        self.agent = wire.Agent(os.path.join(self.work, "agent"))
        self.console = ""
        self.on_console = on_console
        self.started = time.monotonic()
        self.killed = False
        arguments = self._arguments(board, kernel, initrd, command_line, state) + list(extra)
        # In the session of whoever started it: a test that runs out of time takes its machines along.
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        self.reader = threading.Thread(target=self._collect, daemon=True)
        self.reader.start()

    def _arguments(self, board, kernel, initrd, command_line, state):
        path = os.path.join(self.work, "initrd")
        with open(path, "wb") as out:
            out.write(initrd)
        # A board without a disk gets an empty drive's place: the device is there, the file is not a file system.
        if state is None:
            state = os.path.join(self.work, "empty")
            with open(state, "wb") as out:
                out.truncate(1 << 20)
        # A slow disk of this machine is not the device's: a flush of the guest waits for nothing. Killing the emulator loses nothing of
        # a file either way; whoever cuts the power brings a disk that counts flushes (nbd:).
        disk = state if state.startswith("nbd:") else state + ",cache=unsafe"
        values = {"KERNEL": os.path.join(kernel, "kernel"), "INITRD": path, "CMDLINE": command_line, "STATE": disk}
        arguments = board_arguments(board, values)
        if not any(a.startswith("tcg") for a in arguments):
            raise paths.Missing(f"board/{board}/qemu.args does not say -accel tcg")
        return arguments + ["-chardev", "stdio,id=serial0,signal=off", "-netdev", "user,id=net0",
                            "-chardev", f"socket,id=port0,path={self.work}/agent"]

    def _collect(self):
        while True:
            data = self.process.stdout.read1(65536)
            if not data:
                break
            text = data.decode(errors="replace")
            self.console += text.replace("\r", "")
            if self.on_console:
                self.on_console(data)
        self.process.wait()
        self.agent.close()

    def waited(self):
        """
        {thread: ns} that each thread of the emulator was ready to run and this machine gave it no processor, and under
        "steal" what a hypervisor below this machine took from all of its processors (proc(5), stat).
        """
        found = {}
        try:
            for thread in os.listdir(f"/proc/{self.process.pid}/task"):
                with open(f"/proc/{self.process.pid}/task/{thread}/schedstat", encoding="ascii") as text:
                    found[thread] = int(text.read().split()[1])
            with open("/proc/stat", encoding="ascii") as text:
                found["steal"] = int(text.readline().split()[8]) * (1000000000 // os.sysconf("SC_CLK_TCK"))
        except (OSError, IndexError):
            pass  # it ends, or this kernel does not count: then nothing was waited for
        return found

    def type(self, text):
        """Keystrokes on the serial line."""
        self.process.stdin.write(text.encode() if isinstance(text, str) else text)
        self.process.stdin.flush()

    def panic(self):
        """The kernel's last words, or None."""
        match = PANIC.search(self.console)
        return match.group(1).strip() if match else None

    def wait_console(self, pattern, timeout):
        """The first match of a pattern on the console; None when the time is over or the machine is off."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            match = re.search(pattern, self.console)
            if match or self.process.poll() is not None:
                return match or re.search(pattern, self.console)
            time.sleep(0.05)
        return None

    def wait_off(self, timeout):
        """True when the machine went off by itself within the time."""
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        self.reader.join(5)
        return True

    def kill(self):
        """Power cut."""
        if self.process.poll() is None:
            self.killed = True
            self.process.kill()
        self.process.wait()
        self.reader.join(5)

    def close(self):
        self.kill()
        self.agent.close()
        self.process.stdin.close()
        shutil.rmtree(self.work, ignore_errors=True)
