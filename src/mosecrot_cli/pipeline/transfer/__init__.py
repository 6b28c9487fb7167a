"""`mosecrot transfer`: the steps in one process, and whether learnt anchors are used."""
