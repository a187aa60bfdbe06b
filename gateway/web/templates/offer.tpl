{{%AUTOESCAPE context="HTML"}}<section class="offer" aria-labelledby="offer-heading">
{{#OPEN}}
<h2 id="offer-heading">{{HEADING}}</h2>
<p>{{W_OFFER_TERMS}}</p>
<p class="countdown" data-countdown data-expire="{{EXPIRE_ISO}}" data-now="{{NOW_ISO}}" data-over="{{W_OFFER_OVER}}">
<span data-countdown-label data-running="{{W_OFFER_EXPIRES_IN}}">{{W_OFFER_EXPIRES_AT}}</span>
<time datetime="{{EXPIRE_ISO}}" data-countdown-time>{{EXPIRE}}</time>
<span class="visually-hidden" role="status" data-countdown-status></span>
</p>
{{#VISITOR}}<p><a class="button button-large" data-countdown-start href="/start?return={{RETURN_QUERY:none}}">{{W_OFFER_START}}</a></p>
{{/VISITOR}}
{{#READER}}<form method="post" action="/trial"><input type="hidden" name="return" value="{{RETURN}}"><p><button type="submit" class="button button-large" data-countdown-start>{{W_OFFER_START}}</button></p></form>
{{/READER}}
{{/OPEN}}
{{#EXPIRED}}
<h2 id="offer-heading">{{W_OFFER_OVER}}</h2>
<p>{{W_OFFER_NEXT}} <time datetime="{{NEXT_ISO}}" data-local-time>{{NEXT}}</time></p>
{{/EXPIRED}}
{{#NO_OFFER}}
<h2 id="offer-heading">{{TEXT}}</h2>
<p><a class="button button-large" href="/join?return={{RETURN_QUERY:none}}">{{W_JOIN}}</a></p>
{{/NO_OFFER}}
<ul class="ways">
{{#SKIP}}<li><a href="/join?return={{RETURN_QUERY:none}}">{{W_OFFER_SKIP}}</a></li>{{/SKIP}}
{{#VISITOR}}<li><a href="/login?return={{RETURN_QUERY:none}}">{{W_OFFER_MEMBER}}</a></li>{{/VISITOR}}
</ul>
</section>
