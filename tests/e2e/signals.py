"""A program that says on its terminal how often it is interrupted."""

import os
import signal

assert os.isatty(0)
assert os.isatty(1)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
os.write(1, b"ready\n")
caught = [signal.sigwait([signal.SIGINT])]
if signal.sigtimedwait([signal.SIGINT], 0.5) is not None:
    caught.append(signal.SIGINT)
os.write(1, f"caught {caught}\n".encode())
