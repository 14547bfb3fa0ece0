"""The guard model of stackone-defender behind the Open Inference Protocol: texts in, one calibrated score for each out."""

from mlserver import MLModel
from mlserver.codecs import StringCodec
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput
from stackone_defender.classifiers.onnx_classifier import OnnxClassifier

# "temperatureT" of the classifier_config.json that ships with the model.
TEMPERATURE = 2.41


class Guard(MLModel):
    async def load(self) -> bool:
        self.classifier = OnnxClassifier(temperature_t=TEMPERATURE)
        self.classifier.load_model()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        texts = StringCodec.decode_input(payload.inputs[0])
        scores = [self.classifier.classify(text) for text in texts]
        score = ResponseOutput(name="score", shape=[len(scores), 1], datatype="FP32", data=scores)
        return InferenceResponse(model_name=self.name, model_version=self.version, outputs=[score])
