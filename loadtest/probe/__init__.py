"""The probe: tries a live deployment with ETag, If-None-Match and their like, one request at a time.

``model`` says what a case, an answer and a finding are; ``cases`` holds the cases, each a script and its judgement,
with no input or output; ``http1`` and ``http2`` send; ``store`` replaces the object and puts it back; ``runner`` brings
them together into a ``report``; ``render`` shows it.
"""
