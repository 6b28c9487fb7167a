"""Where lexica, vectors and corpora come from: languages, addresses, one way to fetch, and a client for each source.

Every source ends in a file in the cache; what is in the file is read by the packages that know its format.
"""
