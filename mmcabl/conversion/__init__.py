from mmcabl.conversion.keys import UnknownCheckpointError, convert_keys, match, recognise

__all__ = ['UnknownCheckpointError', 'convert_keys', 'match', 'recognise']
