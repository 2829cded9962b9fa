"""What a process says about itself: plain counters and histograms, their text for Prometheus, and log lines.

In: what each package has counted where the work is done, and records of the standard `logging`. Out: the text of
`/metrics`, and one JSON object a line without secrets. It imports nothing of ours and knows no Kubernetes; every
package may import it. Counting costs an addition: the Prometheus library is loaded by the first
question, not by the start.
"""

from gatelab.telemetry.families import Family, Reading
from gatelab.telemetry.histogram import Histogram

__all__ = ["Family", "Histogram", "Reading"]
