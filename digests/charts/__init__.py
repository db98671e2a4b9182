"""Charts: what is drawn (:mod:`digests.charts.spec`), how (:mod:`digests.charts.draw`, in a process of its own), and
the pictures that are made of it (:mod:`digests.charts.gallery`)."""
