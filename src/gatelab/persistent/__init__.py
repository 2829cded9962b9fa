"""Maps that never change: a change makes another one of a map, and that one knows what is different in it.

Both take the time of the change, not of the map. Who has looked at a map asks the next one `changes_since` it, and
looks at these names only; one that has seen none of its ancestors compares everything, and comes to the same. `Union`
is one map of several. Sequences, which have no memory, are compared by `changed_part`; a `Row` makes the next one.

It imports nothing of ours; every package may import it.
"""

from gatelab.persistent.map import PersistentMap
from gatelab.persistent.row import Row
from gatelab.persistent.sequence import changed_part
from gatelab.persistent.union import Union

__all__ = ["PersistentMap", "Row", "Union", "changed_part"]
