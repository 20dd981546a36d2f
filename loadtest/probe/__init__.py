"""The probe: tries, one request at a time, what a live deployment makes of ETag, If-None-Match and what is around.

``model`` says what a case, an answer and a finding are; ``cases`` holds the cases, each a script and its judgement,
with no input or output; ``http1`` and ``http2`` send; ``store`` replaces the object and puts it back; ``runner`` brings
them together; ``render`` and ``command`` face the user.
"""
