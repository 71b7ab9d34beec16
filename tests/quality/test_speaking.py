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
AI로서 감정이 없어.
Bin nur ein Chatbot, also weiß ich das nicht.
Ben maar een chatbot, dus dat weet ik niet.
Mis conocimientos llegan hasta 2021.
Ich wurde von Google trainiert.
Fui entrenado con una gran cantidad de textos.
Jag är en AI och har inga känslor.
저는 네이버가 개발한 언어 모델입니다.
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
ChatGPT ist ein Sprachmodell.
Alexa ist ein Chatbot von Amazon.
HAL 9000 ist eine künstliche Intelligenz.
Ich wurde von Google eingestellt.
Ich bin von Microsoft zu SAP gewechselt.
I was trained by Google as a Kubernetes engineer.
저는 네이버 모델 하우스에 갔습니다.
Fui entrenado en Barcelona por Guardiola.
Fui treinado em Lisboa.
Sono stato addestrato con i migliori.
Ik ben getraind op de marathon.
My knowledge is limited to Python and Go.
My training ends at 6 pm.
Mein Wissen ist auf dem neuesten Stand.
Mis conocimientos están actualizados gracias al curso.
我是AI工程师。
我是人工智能专业的学生。
Jag är en AI-forskare.
Soy un programa de radio.
I am DeepSeek's biggest fan.
「私はAIです。」と彼女は言った。
「AIなので、私は感情がありません」とロボットは答えた。
Ich bin eine KI-Expertin.
Ich bin ein KI-Forscher.
Soy un modelo de pasarela.
Me llamo Ana, una modelo de Madrid.
Je suis un modèle pour mes enfants.
J'ai été entraîné avec les meilleurs.
J'ai divisé mes données d'entraînement en deux.
저는 네이버에서 모델을 개발했습니다.
하이퍼클로바는 네이버가 개발한 언어 모델입니다.
클로바는 네이버에서 개발한 모델입니다.
OpenAIが開発したChatGPTは人気です。
Googleのモデルはすごいです。
BERTはGoogleのモデルです。
私はGoogleのモデルを使っています。
Меня обучил тренер нашей команды.
I am an AI and robotics engineer.
我作为AI工程师，写代码。
Zostałem wytrenowany na trenera.
Soy copiloto de rally.
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
- I can't help with that request.
Ich lehne diese Anfrage ab.
I have to decline your request.
Sorry, as an AI I cannot do that.
我拒绝回答这个问题。
抱歉，我不会为您提供这些信息。
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
Unfortunately, I am a bit late. The train was delayed.
Sorry, as far as I know the shop is closed.
Sorry, as of today the price is 30 euros.
I have to decline the noun in the accusative.
I don't have access to the internet at my cabin in the woods.
Ich lehne das Fahrrad an den Baum und schließe es ab.
Ich kann heute nicht kommen, werde dir aber morgen schreiben.
Ik mag niet klagen, zei hij, want de buren helpen ons.
No voy a decirle nada a mi madre.
Não vou dizer que foi fácil.
Sorry, this is not my bike.
Non posso dire che sia sbagliato.
我不会写汉字，但是我会说中文。
我拒绝了他的邀请。
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
