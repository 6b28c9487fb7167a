"""Models: loading, tokenizers over a target vocabulary, stitching, training, inference, devices.

The modules load torch and transformers, so this package imports none of them: name the module that you need.
"""
