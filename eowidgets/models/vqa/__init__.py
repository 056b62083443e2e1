"""Networks that answer questions about pictures: RSVQA for one picture, DeltaVLM for a pair.

They say what they have seen in training, with a calibrated confidence; what they say rests on no count of pixels. The
networks are reached through ``eow.ask(cube, question, brain="neural")``.
"""
