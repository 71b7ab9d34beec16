"""An answer speaks as a model, or refuses, where its sentence has an "I" in it; else it is about one."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest

from curate.quality import refusing, speaking
from curate.quality.hits import Bools

AS_A_MODEL = """
As an AI language model, I do not have personal opinions.
As an AI language model,I cannot determine that.
As an artificial intelligence, my knowledge is limited.
As an AI language model, it is not possible for me to feel pain.
I'm sorry, but as an AI assistant I cannot give medical advice.
I do not have feelings as an AI.
I'm just a language model.
I was trained by OpenAI on many texts.
My knowledge cutoff is September 2021.
My training data only goes up to 2021.
Als KI-Sprachmodell habe ich keine Gefühle.
Als künstliche Intelligenz ist es mir nicht möglich, zu essen.
Ich bin nur ein Sprachmodell und kann nicht sehen.
Leider kann ich als KI keine Bilder sehen.
En tant qu'IA, je ne peux pas ressentir d'émotions.
En tant qu'assistant virtuel, mes connaissances sont limitées.
Je ne suis qu'un modèle de langage.
Je ne peux pas manger en tant qu'IA.
Como IA, no tengo sentimientos.
Soy una inteligencia artificial.
Lo siento, pero como modelo de lenguaje de IA no puedo hacerlo.
Como uma IA, não tenho opiniões pessoais.
Sou apenas um modelo de linguagem.
In quanto IA, non ho opinioni personali.
Sono un modello linguistico.
Als AI heb ik geen gevoelens.
Ik ben een taalmodel.
作为一个人工智能，我没有感情。
作为一名AI助手，无法提供实时信息。
我只是一个人工智能助手。
作為一個人工智慧，我沒有個人意見。
AIとして、私は感情を持っていません。
申し訳ありませんが、AI言語モデルとして、個人的な意見はありません。
私は人工知能です。
AI 언어 모델로서 저는 감정이 없습니다.
죄송하지만 AI로서 개인적인 의견은 없습니다.
저는 AI 언어 모델입니다.
""".strip().splitlines()
ABOUT_MODELS = """
GPT is known as a language model.
The device is marketed as an AI assistant for drivers.
As an AI researcher, I spent ten years on vision.
As an AI company, OpenAI publishes papers.
I work as an AI engineer at a bank.
I split my training data into two parts before fitting the model.
Siri, as an AI assistant, answers questions by voice.
GPT-3 was trained by OpenAI on text of the web.
My training lasted three weeks and was hard.
ChatGPT gilt als KI der neuen Generation.
Als KI-Forscher habe ich viele Modelle gebaut.
Als Sprachmodell wurde GPT weltweit bekannt.
En tant qu'assistant commercial, je gérais les clients.
ChatGPT, en tant que modèle de langage, répond aux questions.
Esta tecnología se conoce como inteligencia artificial.
GPT funciona como modelo de lenguaje y responde preguntas.
O GPT é conhecido como modelo de linguagem.
É usada como assistente virtual nas lojas.
GPT, in quanto modello linguistico, risponde alle domande.
È nota come intelligenza artificiale.
GPT staat bekend als taalmodel.
Als AI steeds beter wordt, verdwijnen er banen.
作为人工智能的重要分支，机器学习发展很快。
作为人工智能研究者，我们关注安全。
GPT作为语言模型，可以回答问题。
GPTは言語モデルとして知られています。
このロボットはAIなので、学習することができます。
GPT는 언어 모델로서 질문에 답합니다.
AI로서의 역할이 커지고 있습니다.
""".strip().splitlines()
REFUSES = """
很抱歉，我无法回答这个问题。
抱歉，作为人工智能，我不能提供医疗建议。
對不起，我無法提供這項資訊。
申し訳ありませんが、そのご質問にはお答えできません。
すみません、私はその情報にアクセスできません。
죄송하지만 그 질문에는 답변할 수 없습니다.
죄송합니다만 저는 그 요청을 수행할 수 없습니다.
I must respectfully decline to write that.
I won't be able to open that link.
Ich darf Ihnen dazu keine Auskunft geben.
Diese Bitte muss ich leider ablehnen.
Je ne suis pas autorisé à divulguer ces informations.
Il m'est impossible d'ouvrir ce lien.
No tengo acceso a información en tiempo real.
Prefiero no responder a eso.
Não estou autorizado a divulgar esses dados.
Temo di non poter rispondere a questa domanda.
Een diagnose kan ik u niet geven.
我没有权限访问您的个人信息。
画像の生成はできませんので、お手伝いできません。
그 정보는 알려 드릴 수 없습니다.
"I'm sorry, but I can't help with that."
""".strip().splitlines()
APOLOGISES = """
抱歉，商品无法发货。
很抱歉，昨天的会议不能改期。
申し訳ありませんが、この商品は本日発送できません。
すみません、駅は近くにありません。
죄송하지만 이 상품은 오늘 배송할 수 없습니다.
"I'm sorry, I can't help you," said the porter and shut the door.
I'm sorry I couldn't come to your wedding; the train did not run.
Es tut mir leid, dass ich gestern nicht kommen konnte.
„Tut mir leid, ich kann Ihnen nicht helfen“, sagte der Schaffner.
— Sinto muito, não posso ajudá-lo — disse o porteiro.
Je ne suis pas de Paris, mais j'y habite.
No puedo dormir cuando hace calor.
Non posso mangiare il glutine.
Ik kan vandaag niet naar school komen.
""".strip().splitlines()




@pytest.mark.parametrize(
    ("says_so", "said", "not_said"),
    [(speaking.speaks, AS_A_MODEL, ABOUT_MODELS), (refusing.refuses, REFUSES, APOLOGISES)],
    ids=["as a model", "refusal"],
)
def test_a_sentence_is_found_for_who_speaks_in_it(
    says_so: Callable[[pa.LargeStringArray], Bools], said: list[str], not_said: list[str]
) -> None:
    found = says_so(pa.array([*said, *not_said], pa.large_string()))
    missed = [text for text, hit in zip(said, found[: len(said)], strict=True) if not hit]
    wrongly = [text for text, hit in zip(not_said, found[len(said) :], strict=True) if hit]
    assert (missed, wrongly) == ([], [])
