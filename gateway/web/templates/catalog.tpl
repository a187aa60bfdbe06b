{{%AUTOESCAPE context="HTML"}}<h1>{{W_NAV_CHANNELS}}</h1>
<ul class="plain-list">
{{#CHANNEL}}<li class="card"><h2><a href="/c/{{SLUG}}">{{NAME}}</a></h2>
<p>{{ABOUT}}</p></li>
{{/CHANNEL}}
</ul>
<h2>{{W_TOPICS}}</h2>
<ul class="topics">
{{#TOPIC}}<li><a href="/t/{{SLUG}}">{{NAME}}</a></li>
{{/TOPIC}}
</ul>
<h2>{{W_AUTHORS}}</h2>
<ul class="topics">
{{#AUTHOR}}<li><a href="/a/{{SLUG}}">{{NAME}}</a></li>
{{/AUTHOR}}
</ul>
