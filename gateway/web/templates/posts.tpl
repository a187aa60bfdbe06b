{{%AUTOESCAPE context="HTML"}}<header class="list-header">
{{>AVATAR}}
<h1>{{HEADING}}</h1>
{{#ABOUT}}<p class="lede">{{TEXT}}</p>
{{/ABOUT}}
{{#FOLLOW}}{{>BUTTON}}{{/FOLLOW}}
{{#ROOM}}<p><a href="/rooms/{{SLUG}}">{{W_ROOM_LINK}}</a></p>
{{/ROOM}}
{{#FILTERED}}<p><a href="{{PATH}}">{{W_LIST_ALL}}</a></p>
{{/FILTERED}}
</header>
{{#EMPTY}}<p class="quiet">{{W_LIST_EMPTY}}</p>
{{/EMPTY}}
<ol class="posts">
{{>POST}}
</ol>
<nav class="pager" aria-label="{{W_PAGES}}">
{{#NEWEST}}<a href="{{URL}}">{{W_LIST_NEWEST}}</a>{{/NEWEST}}
{{#OLDER}}<a rel="next" href="{{URL}}">{{W_LIST_OLDER}}</a>{{/OLDER}}
</nav>
