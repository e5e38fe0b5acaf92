from mmcabl.records.export import write_table
from mmcabl.records.recording import RecordingEvaluator
from mmcabl.records.store import ResultStore, fingerprint
from mmcabl.records.summary import summarize_store
from mmcabl.utils.files import NotWritten
from mmcabl.utils.names import file_name, from_text, to_text

__all__ = ['NotWritten', 'RecordingEvaluator', 'ResultStore', 'file_name', 'fingerprint', 'from_text',
           'summarize_store', 'to_text', 'write_table']
