"""Step 5, continued: adapting a stitched classifier to unlabelled texts of the target language."""
