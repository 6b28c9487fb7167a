"""Where lexica, vectors and corpora come from: languages, addresses, fetching, and a client for each source.

Every source puts a file into the cache, which the packages that know its format read.
"""
