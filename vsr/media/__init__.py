"""Files and streams: the only room that knows PyAV."""
