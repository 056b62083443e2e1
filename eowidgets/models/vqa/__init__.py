"""Visual question answering: RSVQA for one image, DeltaVLM for a pair.

The answers reflect the training data and have a calibrated confidence; they are not derived from a count of pixels. Use
the networks through ``eow.ask(cube, question, brain="neural")``.
"""
