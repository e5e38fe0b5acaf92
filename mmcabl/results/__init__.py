from mmcabl.results.export import write_table
from mmcabl.results.recording import RecordingEvaluator
from mmcabl.results.store import ResultStore, fingerprint
from mmcabl.results.summary import summarize_store

__all__ = ['RecordingEvaluator', 'ResultStore', 'fingerprint', 'summarize_store', 'write_table']
